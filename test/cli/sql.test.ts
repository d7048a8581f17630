import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { runCli } from "../../src/cli/run.ts";
import { commit, refresh, withLake } from "../catalog/lakes.ts";
import { KEYS, recorder, run, runAtTerminal } from "./harness.ts";

const ROWS = `SELECT * FROM (VALUES
  (1, '서울', [1.5, NULL], {'a': 1}), (2, 'a,"b"', NULL, NULL), (9007199254740993, '', [], {'a': NULL})
) AS t(id, text, scores, box)`;

async function withRows(use: (env: Record<string, string>) => Promise<void>): Promise<void> {
  await withLake(async (bench) => {
    await commit(bench, "create", ROWS);
    await refresh(bench);
    await use({ DATALAKE_LAKE: bench.lake.root, DATALAKE_SCRATCH: join(bench.folder, "scratch") });
  });
}

const SELECT = "SELECT id, text, scores, box FROM catalog ORDER BY id";

describe("the rows", () => {
  test("are a table with numbers at the right, NULL told, wide letters counted", () =>
    withRows(async (env) => {
      const { exit, stdout, stderr } = await run(["sql", SELECT], { env });
      expect(exit).toBe(0);
      expect(stdout.split("\n")).toEqual(
        [
          "              id  text   scores      box       ",
          "────────────────  ─────  ──────────  ──────────",
          '               1  서울   [1.5,null]  {"a":1}',
          '               2  a,"b"  NULL        NULL',
          '9007199254740993         []          {"a":null}',
          "",
        ].map((line) => line.trimEnd()),
      );
      expect(stderr).toMatch(/^3 rows, [\d,]+ ms\n$/);
    }));

  test("are one document with --json", () =>
    withRows(async (env) => {
      for (const flags of [["--json"], ["--format", "json"], ["--json", "--format", "json"]]) {
        const { stdout } = await run(["sql", SELECT, ...flags], { env });
        expect(stdout).toContain('"id":9007199254740993,');
        expect(JSON.parse(stdout)).toMatchObject({
          engine: "duckdb",
          row_count: 3,
          engine_ms: expect.any(Number),
          generation: 1,
          columns: [
            { name: "id", type: "BIGINT" },
            { name: "text", type: "VARCHAR" },
            { name: "scores" },
            { name: "box", type: "STRUCT(a INTEGER)" },
          ],
          rows: [
            { id: 1, text: "서울", scores: [1.5, null], box: { a: 1 } },
            { id: 2, text: 'a,"b"', scores: null, box: null },
            { text: "", scores: [], box: { a: null } },
          ],
        });
      }
    }));

  test("are lines of JSON, and CSV", () =>
    withRows(async (env) => {
      const lines = await run(["sql", `${SELECT} LIMIT 2`, "--format", "ndjson"], { env });
      expect(lines.stdout).toBe(
        '{"id":1,"text":"서울","scores":[1.5,null],"box":{"a":1}}\n{"id":2,"text":"a,\\"b\\"","scores":null,"box":null}\n',
      );
      const csv = await run(["sql", SELECT, "--format", "csv"], { env });
      expect(csv.stdout).toBe(
        'id,text,scores,box\r\n1,서울,"[1.5,null]","{""a"":1}"\r\n2,"a,""b""",,\r\n9007199254740993,"",[],"{""a"":null}"\r\n',
      );
    }));

  test("may be none", () =>
    withRows(async (env) => {
      const sql = "SELECT id FROM catalog WHERE false";
      expect((await run(["sql", sql], { env })).stdout).toBe("id\n──\n");
      expect(JSON.parse((await run(["sql", sql, "--json"], { env })).stdout)).toMatchObject({
        rows: [],
        row_count: 0,
      });
      expect((await run(["sql", sql, "--format", "csv"], { env })).stdout).toBe("id\r\n");
      expect((await run(["sql", sql, "--format", "ndjson"], { env })).stdout).toBe("");
    }));
});

describe("what cannot be", () => {
  test.each([
    [["sql"], 2, "usage"],
    [["sql", "DROP TABLE catalog"], 2, "invalid_sql"],
    [["sql", "SELECT nope FROM catalog"], 2, "invalid_sql"],
    [["sql", "SELECT 1", "--format", "csv"], 2, "usage"],
    [["sql", "SELECT 1", "--engine", "trino"], 2, "invalid_config"],
    [["sql", "SELECT CASE WHEN id > 2 THEN error('x') END FROM catalog"], 2, "invalid_sql"],
  ])("%j ends with %d, %s, in one document", (argv, exit, code) =>
    withRows(async (env) => {
      const outcome = await run([...argv, "--json"], { env });
      expect(outcome.exit).toBe(exit);
      expect(JSON.parse(outcome.stdout).error.code).toBe(code);
    }),
  );

  test("the limits are those of the settings", () =>
    withRows(async (env) => {
      const limited = { ...env, DATALAKE_SQL_MAX_ROWS: "2" };
      const { exit, stderr } = await run(["sql", SELECT], { env: limited });
      expect(exit).toBe(1);
      expect(stderr).toContain("sql.max_rows");
    }));

  test("Ctrl-C stops the query", () =>
    withRows(async (env) => {
      const controller = new AbortController();
      const stderr = recorder();
      const running = runCli(["sql", "SELECT sleep_ms(60000)"], {
        signal: controller.signal,
        workerUrl: new URL("file:///nowhere"),
        loadOperations: async () => (await import("../../src/operations/table.ts")).OPERATIONS,
        selfCommand: [],
        version: "1.2.3",
        stdin: new PassThrough(),
        stdout: recorder(),
        stderr,
        env: { HOME: "/dev/null/nobody", ...env },
      });
      setTimeout(() => controller.abort(), 300);
      expect(await running).toBe(130);
    }));
});

test("at a terminal it asks for the statement", () =>
  withRows(async (env) => {
    const { exit, stdout } = await runAtTerminal(
      ["sql"],
      [["Which SELECT?", "SELECT 41 + 1 AS answer", KEYS.enter]],
      env,
    );
    expect(exit).toBe(0);
    expect(stdout).toContain("answer\n──────\n    42\n");
  }));
