/** Search through the binary alone, as a user types it. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { builtBinary, runBinary, runCommand } from "./binary.ts";
import { makeLake } from "./lake.ts";

setDefaultTimeout(120_000);

let folder: string;
let env: Record<string, string>;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "datalake-search-"));
  env = { HOME: join(folder, "home"), LANG: "C.UTF-8" };
  env.DATALAKE_LAKE = await makeLake(folder, 4, env);
  const labels = [1, 2, 3, 4].map((page) => {
    const words = [{ text: page % 2 === 0 ? `서울 "강남" 50%` : "부산" }, { text: `Page ${page}` }];
    return JSON.stringify({ source_name: `page-${page}.png`, label: { words } });
  });
  await writeFile(join(folder, "labels.jsonl"), `${labels.join("\n")}\n`);
  const fields = ["--meta", "lang=ko", "--meta", "src=real"];
  const where = ["--provider", "aihub", "--dataset", "pages", "--task", "ocr", "--variant", "낱말"];
  for (const step of [
    [
      "config",
      "task",
      "create",
      "ocr",
      "--required",
      "lang,src",
      "--allow",
      "lang=ko",
      "--allow",
      "src=real",
    ],
    ["upload", "labels.jsonl", "--type", "task", ...where, ...fields, "--process", "--wait"],
  ]) {
    const { code, stderr } = await runBinary(step, { cwd: folder, env });
    if (code !== 0) throw new Error(`${step.join(" ")}: ${stderr}`);
  }
});
afterAll(() => rm(folder, { recursive: true, force: true }));

function search(...flags: string[]) {
  return runBinary(["search", ...flags], { cwd: folder, env });
}

test("finds a text in labels, and at a path of their JSON", async () => {
  const { code, stdout } = await search("--text", "강남", "--json");
  expect(code).toBe(0);
  const document = JSON.parse(stdout);
  expect(document).toMatchObject({ engine: "duckdb", row_count: 2, engine_ms: expect.any(Number) });
  expect(document.rows.map((row: { source_name: string }) => row.source_name)).toEqual([
    "page-2.png",
    "page-4.png",
  ]);
  const path = ["--column", "label", "--json-path", "$.words.text", "--format", "ndjson"];
  const lines = await search("--text", `서울 "강남" 50%`, ...path);
  expect(lines.stdout.trim().split("\n")).toHaveLength(2);
  expect(lines.stderr).toMatch(/^2 hits in 1 partition, \S+ \([\d,]+ ms\)\n$/);
  expect((await search("--text", "page 3", ...path, "--ignore-case")).stdout).toContain("page-3.png");
});

test("a table that is not on a terminal has all rows, and no colours", async () => {
  const { code, stdout } = await search("--text", "page-");
  expect(code).toBe(0);
  const lines = stdout.trimEnd().split("\n");
  expect(lines).toHaveLength(2 + 8);
  expect(lines[2]).toStartWith("aihub/pages/ocr/낱말");
  expect(stdout).not.toContain("\u001b");
});

test("exit codes: nothing found 0, wrong flags 2, no such partition or column 4", async () => {
  expect(await search("--text", "어디에도")).toMatchObject({ code: 0, stdout: "" });
  for (const [code, ...flags] of [
    [2, "--json-path", "$.words"],
    [2, "--text", "x", "--colum", "label"],
    [2, "--column", "label", "--json-path", "words"],
    [2, "--engine", "trino"],
    [4, "--dataset", "없음"],
    [4, "--text", "x", "--column", "labels"],
  ] as const) {
    const run = await search(...flags);
    expect({ flags, code: run.code }).toEqual({ flags, code });
    expect(run.stdout).toBe("");
    expect(run.stderr.trim().split("\n")).toHaveLength(1);
  }
});

test("an argument that is no UTF-8 is a text that is not there", async () => {
  const script = `"$0" search --text "$(printf '\\355\\240\\275')" --json`;
  const { code, stdout } = await runCommand(["sh", "-c", script, await builtBinary()], { cwd: folder, env });
  expect([0, 2]).toContain(code);
  if (code === 0) expect(JSON.parse(stdout).row_count).toBe(0);
  else expect(JSON.parse(stdout).error.code).toBe("usage");
});

test("a download by text takes the hits with their images, and says in its manifest which", async () => {
  const flags = ["--text", "강남", "--column", "label", "--output", "hits", "--json"];
  const { code, stdout } = await runBinary(["download", ...flags], { cwd: folder, env });
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ rows: 2, images: "embed", missing: 0 });
  const manifest = JSON.parse(await readFile(join(folder, "hits", "manifest.json"), "utf8"));
  expect(manifest.selection).toEqual({ text: "강남", column: "label" });
});

test("a reader that goes away ends it quietly", async () => {
  const before = await readdir(folder);
  const script = `"$0" search --format ndjson 2>/dev/null | head -n 1 | wc -l`;
  const { stdout, stderr } = await runCommand(["sh", "-c", script, await builtBinary()], {
    cwd: folder,
    env,
  });
  expect({ stdout: stdout.trim(), stderr }).toEqual({ stdout: "1", stderr: "" });
  expect(await readdir(folder)).toEqual(before);
});
