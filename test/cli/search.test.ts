import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { tableFromIPC } from "apache-arrow";
import { commit, KEY, refresh, withLake } from "../catalog/lakes.ts";
import { KEYS, run, runAtTerminal } from "./harness.ts";

const OCR = { ...KEY, task: "ocr", variant: "words" };
/** Columns with names that a query might use for its own. */
const LABELS = `SELECT n AS id, n AS "n", n AS "row", n AS part, 'page-' || n || '.png' AS source_name,
  to_json({lang: 'ko', words: [{text: '낱말 ' || n}, {text: CASE WHEN n % 2 = 0 THEN '서울특별시 50%' ELSE 'Busan' END}],
    note: repeat('긴 글 ', 100)})::VARCHAR AS label,
  CASE WHEN n < 3 THEN '메모 "' || n || '"' END AS memo FROM range(20) t(n)`;

let env: Record<string, string>;
let folder: string;
let end: () => void;
let ended: Promise<void>;

/** One lake for all: nothing here writes into it. */
beforeAll(async () => {
  await new Promise<void>((ready, fail) => {
    ended = withLake(async (bench) => {
      await commit(bench, "create", LABELS, OCR);
      await commit(bench, "create", LABELS, { ...OCR, dataset: "간판" });
      await commit(bench, "create", "SELECT 'busan' AS body FROM range(3)");
      await refresh(bench);
      folder = bench.folder;
      env = { DATALAKE_LAKE: bench.lake.root, DATALAKE_SCRATCH: join(folder, "scratch") };
      const done = new Promise<void>((resolve) => {
        end = resolve;
      });
      ready();
      await done;
    });
    ended.catch(fail);
  });
});
afterAll(async () => {
  end();
  await ended;
});

describe("by flags", () => {
  test("the document tells all hits, and holds as many rows as asked for", async () => {
    const flags = ["search", "--text", "서울특별시 50%", "--dataset", "책", "--json", "--limit", "2"];
    const { exit, stdout, stderr } = await run(flags, { env });
    expect(exit).toBe(0);
    const document = JSON.parse(stdout);
    expect(document).toMatchObject({ engine: "duckdb", row_count: 10, engine_ms: expect.any(Number) });
    expect(document.generation).toBe(
      JSON.parse((await run(["catalog", "info", "--json"], { env })).stdout).generation,
    );
    expect(document.rows).toMatchObject([
      { id: 0, dataset: "책", source_name: "page-0.png" },
      { id: 2, dataset: "책", source_name: "page-2.png" },
    ]);
    expect(document.columns).toContainEqual({ name: "label", type: "VARCHAR" });
    expect(stderr).toMatch(/^10 hits in 1 partition, aihub\/책\/ocr\/words \([\d,]+ ms\)\n$/);
  });

  test("text without a column is looked for in any, in a column or path only there", async () => {
    const count = async (...flags: string[]) => {
      const { stdout } = await run(["search", "--json", "--limit", "0", ...flags], { env });
      const { row_count, rows } = JSON.parse(stdout);
      expect(rows).toEqual([]);
      return row_count;
    };
    expect(await count("--text", "busan")).toBe(3);
    expect(await count("--text", "busan", "--ignore-case")).toBe(23);
    expect(await count("--text", "busan", "--ignore-case", "--column", "label")).toBe(20);
    const path = ["--column", "label", "--json-path", "$.words.text"];
    expect(await count("--text", "ko", ...path)).toBe(0);
    expect(await count("--text", "말 1", ...path, "--dataset", "책".normalize("NFD"))).toBe(11);
    expect(await count("--column", "memo")).toBe(6);
    expect(await count("--task", "raw,ocr", "--provider", "aihub")).toBe(43);
  });

  test("lines of JSON and CSV hold all hits, in the order of the partitions", async () => {
    const flags = ["search", "--text", "Busan", "--column", "label", "--format"];
    const lines = (await run([...flags, "ndjson"], { env })).stdout.trim().split("\n");
    const rows = lines.map((line) => JSON.parse(line));
    expect(rows.map(({ dataset, id }) => [dataset, id])).toEqual(
      ["간판", "책"].flatMap((dataset) => Array.from({ length: 10 }, (_, at) => [dataset, 2 * at + 1])),
    );
    const csv = (await run([...flags, "csv", "--limit", "1"], { env })).stdout.split("\r\n");
    expect(csv[0]).toStartWith("provider,dataset,task,variant,");
    expect(csv).toHaveLength(3);
  });

  test("a filter by a column that is not there names the nearest", async () => {
    const messageOf = async (where: string) => {
      const { exit, stderr } = await run(["search", "--where", where], { env });
      return [exit, stderr];
    };
    const start = (name: string) => `datalake: the selection has no column "${name}" to filter by`;
    expect(await messageOf("mmeo=x")).toEqual([4, `${start("mmeo")}; did you mean memo?\n`]);
    expect(await messageOf("widht=1")).toEqual([4, `${start("widht")}; did you mean width?\n`]);
    expect(await messageOf("무게=1")).toEqual([4, `${start("무게")}\n`]);
  });

  test("nothing found is no failure", async () => {
    const table = await run(["search", "--text", "어디에도"], { env });
    expect(table).toMatchObject({ exit: 0, stdout: "" });
    expect(table.stderr).toMatch(/^0 hits in 0 partitions \([\d,]+ ms\)\n$/);
    const { exit, stdout } = await run(["search", "--text", "어디에도", "--json"], { env });
    expect(exit).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ row_count: 0, rows: [] });
  });

  test.each([
    [["--dataset", "첵"], 4, "not_found", "책"],
    [["--dataset", "책,간핀"], 4, "not_found", "간판"],
    [["--column", "labl", "--text", "x"], 4, "not_found", "label"],
    [["--column", "id", "--text", "1"], 2, "usage", "BIGINT"],
    [["--json-path", "$.a"], 2, "usage", "--column"],
    [["--column", "label", "--json-path", "words.text"], 2, "usage", "$.word"],
    [["--column", "label", "--json-path", "$.words["], 2, "usage", '"["'],
    [["--text", ""], 2, "usage", "--text"],
    [["--text=\ud83d"], 2, "usage", "surrogate"],
    [["--ignore-case"], 2, "usage", "--text"],
    [["--limit", "-1"], 2, "usage", "--limit"],
    [["--limit", "2.5"], 2, "usage", "--limit"],
    [["--engine", "postgres"], 2, "usage", "trino"],
    [["--engine", "trino"], 2, "invalid_config", "trino.url"],
    [["--format", "xml"], 2, "usage", "ndjson"],
    [["--format", "csv"], 2, "usage", "--json"],
  ])("%j ends with %d, %s", async (flags, exit, code, hint) => {
    const outcome = await run(["search", ...flags, "--json"], { env });
    expect(outcome.exit).toBe(exit);
    expect(JSON.parse(outcome.stdout).error.code).toBe(code);
    expect(outcome.stderr).toContain(hint);
    expect(outcome.stderr.trim().split("\n")).toHaveLength(1);
  });

  test("several words that stand in no one text are hinted at word by word", async () => {
    const hint = "; with --each-word: 20 rows\n";
    const found = await run(["search", "--text", "낱말 서울특별시", "--json"], { env });
    expect(JSON.parse(found.stdout)).toMatchObject({ row_count: 0, rows: [] });
    expect(found.stderr).toEndWith(hint);
    expect((await run(["search", "--text", "낱말 서울특별시"], { env })).stderr).toEndWith(hint);
    const output = join(folder, "none.parquet");
    const none = await run(["download", "--text", "낱말 서울특별시", "--output", output], { env });
    expect(none.stderr).toEndWith(hint);
    // Neither where a word stands nowhere, nor where the whole is found, nor of one word.
    for (const text of ["낱말 부산광역시", "서울특별시 50%", "부산광역시"]) {
      expect((await run(["search", "--text", text], { env })).stderr).not.toContain("--each-word");
    }
  });

  test("on a terminal: ten hits, marked where they are, in lines that fit", async () => {
    const { exit, stdout, stderr } = await runAtTerminal(["search", "--text", "50%"], [], env);
    expect(exit).toBe(0);
    const lines = stdout.trimEnd().split("\n");
    expect(lines).toHaveLength(12);
    for (const line of lines) expect(Bun.stringWidth(line)).toBeLessThanOrEqual(100);
    for (const line of lines.slice(2)) expect(line).toContain("\u001b[1;31m50%\u001b[22;39m");
    expect(lines[2]).toStartWith("aihub/간판");
    expect(stderr).toContain("20 hits in 2 partitions");
    expect(stderr).toContain("the first 10 are shown");
  });

  test("without colours where the environment says so, and what stands at a path alone", async () => {
    const flags = ["--text", "50%", "--column", "label", "--json-path", "$.words.text", "--dataset", "책"];
    const { stdout } = await runAtTerminal(["search", ...flags], [], { ...env, NO_COLOR: "1" });
    const [titles, , first] = stdout.split("\n");
    expect(titles).toStartWith("label $.words.text");
    expect(first).toStartWith("서울특별시 50%  ");
    expect(stdout).not.toContain("\u001b");
  });
});

const HOW = "How do you want to find rows?";
type Answer = readonly [question: string, ...keys: string[]];

describe("at a terminal", () => {
  const byText = (text: string): Answer[] => [
    [HOW, KEYS.down, KEYS.enter],
    ["Search where?", KEYS.enter],
    ["Which text?", text, KEYS.enter],
  ];

  test("by partition: a matrix with counts, then lists, then ten rows", async () => {
    const answers: Answer[] = [
      [HOW, KEYS.enter],
      ["Which dataset?", KEYS.down, KEYS.enter],
      ["What next?", KEYS.enter],
    ];
    const { exit, stdout, stderr } = await runAtTerminal(["search"], answers, env);
    expect(exit).toBe(0);
    expect(stderr).toMatch(/ocr\/words {2}raw\/text\naihub\/간판 +20 +·\naihub\/책 +20 +3\n/);
    expect(stderr).toContain("20 rows in 1 partition");
    expect(stdout.trimEnd().split("\n")).toHaveLength(12);
  });

  test("by text: columns with an example, and the paths that occur with how many rows have them", async () => {
    const answers: Answer[] = [
      ...byText("seoul"),
      ["In which column?", KEYS.down, KEYS.enter],
      ["Where in its JSON?", KEYS.down, KEYS.enter],
      ["Ignore case?", KEYS.enter],
      ...byText("busan"), // nothing was found
      ["In which column?", KEYS.down, KEYS.enter],
      ["$.words.text, in 40 of 43 rows", KEYS.down, KEYS.down, KEYS.enter],
      ["Ignore case?", "y"],
      ["What next?", KEYS.enter],
    ];
    const { exit, stdout, stderr } = await runAtTerminal(["search"], answers, env);
    expect(exit).toBe(0);
    expect(stderr).toContain("label (such as");
    expect(stderr).toContain("looked at 43 of 43 rows for its paths");
    expect(stderr).toContain("20 hits in 2 partitions");
    expect(stdout).toContain("\u001b[1;31mBusan\u001b[22;39m");
  });

  test("by several words that stand in no one text: the rows that have each of them are offered", async () => {
    const answers: Answer[] = [
      ...byText("낱말 서울특별시"),
      ["In which column?", KEYS.down, KEYS.enter],
      ["Where in its JSON?", KEYS.enter],
      ["No text contains all of it in one piece; 20 rows have each word. Show them?", KEYS.enter],
      ["What next?", KEYS.enter],
    ];
    const { exit, stdout, stderr } = await runAtTerminal(["search"], answers, env);
    expect(exit).toBe(0);
    expect(stderr).toContain("20 hits in 2 partitions");
    expect(stdout).toContain("\u001b[1;31m낱말\u001b[22;39m");
  });

  test("Esc goes back: from a question on the text to the text, from there to where and how", async () => {
    const answers: Answer[] = [
      ...byText("서울"),
      ["In which column?", KEYS.escape],
      ["Which text?", KEYS.escape],
      ["Search where?", KEYS.escape],
      [HOW, KEYS.enter],
      ["Which dataset?", KEYS.down, KEYS.enter],
      ["What next?", KEYS.enter],
    ];
    const { exit, stderr } = await runAtTerminal(["search"], answers, env);
    expect(exit).toBe(0);
    expect(stderr).toContain("20 rows in 1 partition");
  });

  test("a wrong answer is asked again in place, and a path may be typed", async () => {
    const answers: Answer[] = [
      ...byText(""),
      ["is empty", "낱말", KEYS.enter],
      ["In which column?", KEYS.down, KEYS.enter],
      ["Where in its JSON?", KEYS.up, KEYS.enter],
      ["Which path?", "words", KEYS.enter],
      ["does not begin with $", "\u0015", "$.words[0].text", KEYS.enter],
      ["What next?", KEYS.enter],
    ];
    const { exit, stderr } = await runAtTerminal(["search"], answers, env);
    expect(exit).toBe(0);
    expect(stderr).toContain("40 hits in 2 partitions");
    expect(stderr).not.toContain("Take upper");
  });

  test("what was found can be downloaded, after it was seen", async () => {
    const output = join(folder, "hits.arrow");
    const answers: Answer[] = [
      ...byText("메모"),
      ["In which column?", KEYS.enter],
      ["2 partitions", KEYS.down, KEYS.enter],
      ["Which format?", KEYS.down, KEYS.enter],
      ["How to include images?", KEYS.escape],
      ["Which format?", KEYS.down, KEYS.enter],
      ["How to include images?", KEYS.enter],
      ["Where to?", KEYS.escape],
      ["How to include images?", KEYS.enter],
      ["Where to?", "\u0015", output, KEYS.enter],
      ["Download it?", KEYS.enter],
    ];
    const { exit, stderr } = await runAtTerminal(["search"], answers, env);
    expect(exit).toBe(0);
    expect(stderr).toContain("aihub/책/ocr/words (3 rows)");
    expect(tableFromIPC(await readFile(output)).numRows).toBe(6);
    const { selection } = JSON.parse(await readFile(`${output}.manifest.json`, "utf8"));
    expect(selection).toEqual({ text: "메모" });
  });

  test("download asks the same, shows ten rows before it asks where to, and Ctrl-C leaves nothing", async () => {
    const before = (await readdir(folder)).sort();
    const answers: Answer[] = [
      ...byText("50%"),
      ["In which column?", KEYS.enter],
      ["Which format?", KEYS.escape],
      ...byText("50%"),
      ["In which column?", KEYS.enter],
      ["Which format?", KEYS.cancel],
    ];
    const { exit, stdout } = await runAtTerminal(["download", "--dataset", "책"], answers, env);
    expect(exit).toBe(130);
    expect(stdout.trimEnd().split("\n")).toHaveLength(24);
    expect((await readdir(folder)).sort()).toEqual(before);
  });

  test("--yes, and any flag that says which rows, ask nothing", async () => {
    for (const flags of [["--yes"], ["--limit", "3"], ["--task", "raw"]]) {
      const { exit, stderr } = await runAtTerminal(["search", ...flags], [], env);
      expect(exit).toBe(0);
      expect(stderr).not.toContain(HOW);
    }
  });
});
