import { describe, expect, test } from "bun:test";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { tableFromIPC } from "apache-arrow";
import { commit, KEY, refresh, type Workbench, withLake } from "../catalog/lakes.ts";
import { KEYS, run, runAtTerminal } from "./harness.ts";

async function withRows(
  use: (bench: Workbench, env: Record<string, string>, path: (name: string) => string) => Promise<void>,
): Promise<void> {
  await withLake(async (bench) => {
    await commit(bench, "create", "SELECT range AS n FROM range(5)");
    await commit(bench, "create", "SELECT range AS n FROM range(3)", { ...KEY, dataset: "다른" });
    await refresh(bench);
    const env = { DATALAKE_LAKE: bench.lake.root, DATALAKE_SCRATCH: join(bench.folder, "scratch") };
    await use(bench, env, (name) => join(bench.folder, name));
  });
}

describe("by flags", () => {
  test("the format follows the output's ending, and the document says what was written", () =>
    withRows(async (_, env, path) => {
      const output = path("x.arrow");
      const flags = ["--dataset", "책", "--limit", "4", "--output", output, "--images", "none"];
      const { exit, stdout } = await run(["download", ...flags, "--json"], { env });
      expect(exit).toBe(0);
      const document = JSON.parse(stdout);
      expect(document).toMatchObject({ output, format: "arrow", images: "none", rows: 4, missing: 0 });
      expect(document).toMatchObject({ files: ["x.arrow"], bytes: (await readFile(output)).length });
      expect(tableFromIPC(await readFile(output)).numRows).toBe(4);
    }));

  test.each([
    [["--output", "x", "--limit", "-1"], 2, "usage"],
    [["--output", "x", "--limit", "1.5"], 2, "usage"],
    [["--output", "x", "--dataset", "none"], 4, "not_found"],
    [["--output", "x", "--dataset", "책", "--text", "nowhere to be found"], 4, "not_found"],
    [
      ["--output", "x", "--dataset", "책", "--where", "source_name=none.jpg", "--format", "coco"],
      4,
      "not_found",
    ],
    [[], 2, "usage"],
  ])("%j ends with %d, %s", (flags, exit, code) =>
    withRows(async (bench, env, path) => {
      const absolute = flags.map((flag) => (flag === "x" ? path("x") : flag));
      const outcome = await run(["download", ...absolute, "--json"], { env });
      expect(outcome.exit).toBe(exit);
      expect(JSON.parse(outcome.stdout).error.code).toBe(code);
      expect(await readdir(bench.folder)).not.toContain("x");
    }),
  );

  test("without a catalog it says how to make one", () =>
    withLake(async ({ lake, folder }) => {
      const env = { DATALAKE_LAKE: lake.root, DATALAKE_SCRATCH: join(folder, "scratch") };
      const { exit, stderr } = await run(["download", "--output", join(folder, "x")], { env });
      expect(exit).toBe(4);
      expect(stderr).toContain("catalog rebuild");
    }));
});

/** Another process that has begun to write an output. */
async function beginWriting(output: string): Promise<{ kill(): Promise<unknown> }> {
  const place = JSON.stringify(join(import.meta.dir, "../../src/export/output-place.ts"));
  const code = `const { planOutput } = await import(${place});
    await planOutput(undefined, process.env.OUTPUT, { name: "dataset", layout: "folder" }).make();
    console.log("made"); setInterval(() => {}, 1000);`;
  const child = Bun.spawn([process.execPath, "-e", code], {
    env: { ...process.env, OUTPUT: output },
    stdout: "pipe",
    stderr: "inherit",
  });
  const { value } = await child.stdout.getReader().read();
  expect(new TextDecoder().decode(value)).toContain("made");
  return {
    kill: () => {
      child.kill("SIGKILL");
      return child.exited;
    },
  };
}

test.each([
  ["dataset", "책"],
  ["parquet", "책.parquet"],
])("a download as %s begins anew after one that was killed, and removes what is left of it", (_, name) =>
  withRows(async (bench, env, path) => {
    const output = path(name);
    const before = await readdir(bench.folder);
    const added = async () => (await readdir(bench.folder)).filter((one) => !before.includes(one)).sort();
    const alive = await beginWriting(output);
    try {
      const killed = await beginWriting(output);
      await killed.kill();
      expect((await added()).length).toBe(2);
      const flags = ["--dataset", "책", "--output", output, "--images", "none", "--quiet"];
      expect(await run(["download", ...flags], { env })).toMatchObject({ exit: 0 });
      const left = (await added()).filter((one) => one.startsWith(`.${name}.tmp-`));
      expect(left.length).toBe(1); // of the one that lives
      expect(await readdir(path(left[0] as string))).toEqual([".writer.json"]);
      if (name === "책") expect(await readdir(output)).not.toContain(".writer.json");
    } finally {
      await alive.kill();
    }
  }),
);

describe("by text", () => {
  const LABELS = `SELECT * FROM (VALUES
    (1, '{"words":[{"text":"서울 50%"}],"note":"부산"}'),
    (2, '{"words":[{"text":"부산"}]}'),
    (3, '{"words":[{"text":"부산"},{"text":"서울 50%"}]}')) t(id, label)`;

  test("only the hits are written, and the manifest names the condition", () =>
    withRows(async (bench, env, path) => {
      await commit(bench, "create", LABELS, { ...KEY, task: "ocr", variant: "words" });
      await refresh(bench);
      const output = path("hits.arrow");
      const condition = ["--text", "50%", "--column", "label", "--json-path", "$.words.text"];
      const { exit, stdout } = await run(["download", ...condition, "--output", output, "--json"], { env });
      expect(exit).toBe(0);
      expect(JSON.parse(stdout)).toMatchObject({ rows: 2, missing: 0 });
      const ids = tableFromIPC(await readFile(output)).getChild("id");
      expect([...(ids ?? [])]).toEqual([1, 3]);
      const manifest = JSON.parse(await readFile(`${output}.manifest.json`, "utf8"));
      expect(manifest.selection).toEqual({ text: "50%", column: "label", json_path: "$.words.text" });
      expect(manifest.rows).toBe(2);
    }));

  test("a hit whose image is missing is named by its number among the hits", () =>
    withRows(async (bench, env, path) => {
      const select = `SELECT id, label, 'aa' AS hash, 'provider=aihub/dataset=책/aa/aa/' || id || '.jpg' AS path,
        4 AS width, 5 AS height, 'p' || id || '.jpg' AS source_name FROM (${LABELS})`;
      await commit(bench, "create", select, { ...KEY, task: "ocr", variant: "pages" });
      await refresh(bench);
      for (const id of [1, 2]) {
        const asset = bench.lake.layout.asset(`provider=aihub/dataset=책/aa/aa/${id}.jpg`);
        await mkdir(dirname(asset), { recursive: true });
        await writeFile(asset, "image");
      }
      const flags = ["--text", "서울", "--output", path("x.arrow")];
      const failed = await run(["download", ...flags, "--json"], { env });
      expect(failed.exit).toBe(4);
      expect(JSON.parse(failed.stdout).error).toMatchObject({
        code: "missing_asset",
        details: { row: 2, partition: "aihub/책/ocr/pages" },
      });
      expect(failed.stderr).toContain("hit 2 of aihub/책/ocr/pages (p3.jpg)");
      expect(await readdir(bench.folder)).not.toContain("x.arrow");
      const skipped = await run(["download", ...flags, "--skip-missing", "--json"], { env });
      expect(JSON.parse(skipped.stdout)).toMatchObject({ rows: 1, missing: 1 });
    }));
});

describe("at a terminal", () => {
  const questions = (output: string): [string, ...string[]][] => [
    ["How do you want to find rows?", KEYS.enter],
    ["Which dataset?", KEYS.down, KEYS.enter],
    ["Which format?", KEYS.down, KEYS.enter],
    ["How to include images?", KEYS.enter],
    ["Where to?", "\u0015", output, KEYS.enter],
  ];

  test("asks from what there is, with counts, shows a summary and downloads", () =>
    withRows(async (_, env, path) => {
      const output = path("x.arrow");
      const answers = [...questions(output), ["Download it?", KEYS.enter] as [string, string]];
      const { exit, stdout, stderr } = await runAtTerminal(["download"], answers, env);
      expect(exit).toBe(0);
      expect(stdout).toMatch(/n\n─\n0\n1\n2\n/);
      expect(stderr).toContain("3 rows in 1 partition");
      expect(stderr).toContain("all datasets");
      expect(stderr).toContain("aihub/다른/raw/text (3 rows)");
      expect(tableFromIPC(await readFile(output)).numRows).toBe(3);
    }));

  test("refuses a place that is taken at once, and leaves nothing when the answer is no", () =>
    withRows(async (_, env, path) => {
      await writeFile(path("taken"), "mine");
      const answers: [string, ...string[]][] = [
        ...questions(path("taken")),
        ["Something already", "\u0015", path("new.arrow"), KEYS.enter],
        ["Download it?", "n"],
      ];
      const { exit } = await runAtTerminal(["download"], answers, env);
      expect(exit).toBe(130);
      expect(await readdir(path("."))).not.toContain("new.arrow");
      expect(await readFile(path("taken"), "utf8")).toBe("mine");
    }));
});
