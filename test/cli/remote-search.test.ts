import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connectEngine } from "../../src/client/remote/engine.ts";
import { loadSettings } from "../../src/config.ts";
import { initLake } from "../../src/lake/lake.ts";
import { openDatabase } from "../../src/query/database.ts";
import { commit, KEY, refresh } from "../catalog/lakes.ts";
import { codeOf } from "../code-of.ts";
import { type ServeProcess, startServe } from "../server/server-kit.ts";
import { run } from "./harness.ts";

setDefaultTimeout(120_000);

const LABEL = `{"words": [{"text": "서울 50%"}, {"text": "부산"}]}`;
let folder: string;
let server: ServeProcess;
let env: Record<string, string>;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "datalake-remote-search-"));
  const scratch = join(folder, "scratch");
  const { lake } = await initLake(join(folder, "lake"));
  const cache = join(folder, "cache");
  const settings = await loadSettings({ env: {}, cwd: folder, flags: { cache, scratch } });
  const database = await openDatabase({ scratch, threads: 2 });
  const bench = { folder, lake, settings, database };
  await commit(
    bench,
    "create",
    `SELECT range AS n, range / 7 AS share, DATE '2026-01-01' AS day, [range, 2] AS pair,
       {'a': range, 'b': 'x'} AS both, CASE WHEN range % 3 = 0 THEN 'odd ' || range END AS body,
       encode('é') AS bytes_, TIMESTAMP '2026-01-01 12:00:00' AS at FROM range(30000)`,
  );
  const ocr = { ...KEY, task: "ocr", variant: "words" };
  await commit(
    bench,
    "create",
    `SELECT '${LABEL}' AS label, 1 AS n UNION ALL SELECT '{"words": []}', 2`,
    ocr,
  );
  await refresh(bench);
  database.close();
  env = {
    DATALAKE_LAKE: lake.root,
    DATALAKE_CACHE: cache,
    DATALAKE_SCRATCH: scratch,
    DATALAKE_SQL_MAX_ROWS: "100000",
  };
  server = await startServe({ folder, lake, settings, env });
});

afterAll(async () => {
  await server.stop("SIGKILL");
  await rm(folder, { recursive: true, force: true });
});

const CASES: [exit: number, argv: string[]][] = [
  [0, ["search", "--task", "raw", "--limit", "5"]],
  [0, ["search", "--task", "raw", "--limit", "5", "--json"]],
  [0, ["search", "--task", "raw", "--format", "ndjson"]],
  [0, ["search", "--format", "csv", "--limit", "20000"]],
  [0, ["search", "--text", "서울 50%"]],
  [0, ["search", "--text", "서울", "--column", "label", "--json-path", "$.words.text", "--json"]],
  [0, ["search", "--text", "nothing of the kind", "--json"]],
  [0, ["search", "--limit", "0", "--json"]],
  [4, ["search", "--dataset", "책s", "--json"]],
  [4, ["search", "--dataset", "책", "--dataset", "책s", "--json"]],
  [4, ["search", "--column", "nothing", "--json"]],
  [2, ["search", "--text", "x", "--column", "n", "--json"]],
  [2, ["search", "--json-path", "$.a", "--json"]],
  [0, ["sql", "SELECT task, count(*) AS n, sum(share) AS s FROM catalog GROUP BY ALL ORDER BY ALL"]],
  [0, ["sql", "SELECT * FROM catalog WHERE n < 3 ORDER BY ALL", "--json"]],
  [0, ["sql", "DESCRIBE catalog", "--format", "csv"]],
  [0, ["sql", "SELECT 1 AS a WHERE false", "--json"]],
  [2, ["sql", "SELEC 1", "--json"]],
  [2, ["sql", "DROP TABLE catalog", "--json"]],
  [2, ["sql", "--json"]],
  [1, ["sql", "FROM range(200000)", "--json"]],
  // Fails behind the first megabytes, when rows are on their way.
  [1, ["sql", "SELECT range, repeat('x', 100) AS x FROM range(200000)", "--format", "csv"]],
];

/** Times differ from run to run. */
function timeless(text: string): string {
  return text.replaceAll(/"engine_ms":[\d.]+/g, '"engine_ms":0').replaceAll(/[\d,.]+ ms/g, "0 ms");
}

test("search and sql print through a server what they print in a folder, with the same exit code", async () => {
  for (const [exit, argv] of CASES) {
    const remote = await run([...argv, "--server", server.url]);
    const here = await run(argv, { env });
    const name = `${argv.join(" ")}: `;
    expect(name + remote.exit).toBe(name + exit);
    expect(here.exit).toBe(remote.exit);
    expect(name + timeless(remote.stdout)).toBe(name + timeless(here.stdout));
    expect(name + timeless(remote.stderr)).toBe(name + timeless(here.stderr));
  }
});

test("an engine that the server does not have is told as in a folder", async () => {
  const argv = ["search", "--engine", "trino", "--json"];
  const remote = await run([...argv, "--server", server.url]);
  expect(remote).toEqual(await run(argv, { env }));
  expect(remote.exit).toBe(2);
});

test("tables and their columns are told", async () => {
  const engine = connectEngine({ url: server.url, name: "duckdb" });
  expect(await engine.listTables()).toContain("catalog");
  expect(await engine.getTableInfo("catalog")).toContainEqual({ name: "label", type: "VARCHAR" });
  expect(await engine.retrievePartitions({ tasks: ["ocr"] })).toEqual([
    { ...KEY, task: "ocr", variant: "words", rows: 2 },
  ]);
});

test("a query that is given up ends, and one that is cut is not taken for the whole", async () => {
  const engine = connectEngine({ url: server.url, name: "duckdb" });
  const stop = new AbortController();
  const running = engine.sql("SELECT count(*) FROM range(100000000000)", {} as never, stop.signal);
  stop.abort();
  expect(await codeOf(running)).toBe("cancelled");

  const whole = await fetch(`${server.url}/search`, {
    method: "POST",
    body: JSON.stringify({ tasks: ["raw"] }),
    headers: {
      "content-type": "application/json",
      accept: "application/vnd.apache.arrow.stream",
      "x-datalake-describe": "yes",
    },
  });
  const bytes = await whole.bytes();
  for (const end of [bytes.length - 8, bytes.length - 20, Math.floor(bytes.length / 2)]) {
    using broken = Bun.serve({ port: 0, fetch: () => new Response(bytes.subarray(0, end)) });
    const other = connectEngine({ url: broken.url.href, name: "duckdb" });
    const read = async () => {
      const { batches } = await other.retrieveWithExistingCols({});
      for await (const batch of batches) expect(batch.numRows).toBeGreaterThan(0);
    };
    expect(await codeOf(read())).toBe("engine_failed");
  }
});
