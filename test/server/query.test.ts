import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { request as httpRequest } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { tableFromIPC } from "apache-arrow";
import { loadSettings } from "../../src/config.ts";
import { initLake } from "../../src/lake/lake.ts";
import { openDatabase } from "../../src/query/database.ts";
import { commit, KEY, refresh } from "../catalog/lakes.ts";
import { makeWorld, type World } from "../jobs/staging-kit.ts";
import { type ServeProcess, startServe, until } from "./server-kit.ts";

setDefaultTimeout(120_000);

const ROW_COUNT = 120_000;
const LABEL = `{"words": [{"text": "서울 50%"}, {"text": "부산"}]}`;
let folder: string;
let server: ServeProcess;
let url: string;
let world: Pick<World, "folder" | "lake" | "settings" | "env">;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "datalake-query-"));
  const scratch = join(folder, "scratch");
  const { lake } = await initLake(join(folder, "lake"));
  const cache = join(folder, "cache");
  const settings = await loadSettings({ env: {}, cwd: folder, flags: { cache, scratch } });
  const database = await openDatabase({ scratch, threads: 2 });
  const bench = { folder, lake, settings, database };
  await commit(
    bench,
    "create",
    `SELECT range AS n, repeat('내용 ', 20) || range AS body FROM range(${ROW_COUNT})`,
  );
  await commit(bench, "create", `SELECT '${LABEL}' AS label, 1 AS n UNION ALL SELECT '{"words": []}', 2`, {
    ...KEY,
    task: "ocr",
    variant: "words",
  });
  await refresh(bench);
  database.close();
  const env = {
    DATALAKE_LAKE: lake.root,
    DATALAKE_CACHE: cache,
    DATALAKE_SCRATCH: scratch,
    DATALAKE_SQL_MAX_ROWS: "100000",
    DATALAKE_SQL_MAX_RUNNING: "3",
  };
  world = { folder, lake, settings, env };
  server = await startServe(world);
  url = server.url;
});

afterAll(async () => {
  await server.stop("SIGKILL");
  await rm(folder, { recursive: true, force: true });
});

function post(path: string, body: object, accept?: string, signal?: AbortSignal): Promise<Response> {
  return fetch(`${url}${path}`, {
    method: "POST",
    headers: { "content-type": "application/json", ...(accept !== undefined && { accept }) },
    body: JSON.stringify(body),
    ...(signal && { signal }),
  });
}

async function failure(answer: Promise<Response>): Promise<[number, string]> {
  const response = await answer;
  const { error } = (await response.json()) as { error: { code: string } };
  return [response.status, error.code];
}

/** The status of an answer to a caller of another address: where nobody has a token, addresses share the places. */
function askFrom(localAddress: string, sql: string): Promise<number | undefined> {
  return new Promise((give, fail) => {
    const headers = { "content-type": "application/json" };
    const { hostname, port } = new URL(url);
    const options = { hostname, port, path: "/query", method: "POST", headers, localAddress };
    const asked = httpRequest(options, (response) => {
      response.resume();
      give(response.statusCode);
    });
    asked.on("error", fail);
    asked.end(JSON.stringify({ sql }));
  });
}

test("one caller's heavy queries leave a place for another's", async () => {
  const stop = new AbortController();
  const heavy = "SELECT count(*) FROM range(10000000) a, range(10000000) b WHERE a.range * b.range % 7 = 9";
  const all = Array.from({ length: 6 }, () =>
    post("/query", { sql: heavy }, undefined, stop.signal).catch(() => {}),
  );
  const queue = async () =>
    ((await (await fetch(`${url}/status`)).json()) as { queue: Record<string, number> }).queue;
  await until(async () => (await queue()).queries_waiting === 4);
  expect(await queue()).toMatchObject({ queries_running: 2 });
  expect(await askFrom("127.0.0.2", "SELECT 1")).toBe(200);
  stop.abort();
  await Promise.all(all);
  await until(async () => (await queue()).queries_running === 0);
});

const ARROW = "application/vnd.apache.arrow.stream";
const PARQUET = "application/vnd.apache.parquet";

async function parquetRows(bytes: Uint8Array): Promise<Record<string, unknown>[]> {
  const path = join(folder, "answer.parquet");
  await Bun.write(path, bytes);
  const database = await openDatabase({ scratch: join(folder, "scratch") });
  try {
    return await database.rows(`FROM read_parquet('${path}')`);
  } finally {
    database.close();
  }
}

describe("the same rows in every format", () => {
  const sql = "SELECT n, label FROM catalog WHERE task = 'ocr' ORDER BY n";
  const rows = [
    { n: 1, label: LABEL },
    { n: 2, label: '{"words": []}' },
  ];
  const ways: [string, (accept: string, format: string) => Promise<Response>][] = [
    ["POST /query by Accept", (accept) => post("/query", { sql }, accept)],
    ["POST /query by ?format=", (_, format) => post(`/query?format=${format}`, { sql })],
    ["GET /query", (_, format) => fetch(`${url}/query?format=${format}&sql=${encodeURIComponent(sql)}`)],
    ["POST /search", (accept) => post("/search", { tasks: ["ocr"] }, accept)],
    ["GET /search", (_, format) => fetch(`${url}/search?tasks=ocr&format=${format}`)],
  ];
  for (const [way, ask] of ways) {
    test(way, async () => {
      const json = await ask("application/json", "json");
      expect(json.headers.get("content-type")).toStartWith("application/json");
      expect(await json.json()).toMatchObject({ engine: "duckdb", row_count: 2, rows });
      const ndjson = await ask("application/x-ndjson", "ndjson");
      expect(ndjson.headers.get("content-type")).toBe("application/x-ndjson");
      const lines = (await ndjson.text()).trimEnd().split("\n");
      expect(lines.map((line) => JSON.parse(line))).toMatchObject(rows);
      const csv = await ask("text/csv", "csv");
      expect(csv.headers.get("content-type")).toStartWith("text/csv");
      expect((await csv.text()).split("\r\n")).toHaveLength(4);
      const arrow = await ask(ARROW, "arrow");
      expect(arrow.headers.get("content-type")).toBe(ARROW);
      const table = tableFromIPC(await arrow.bytes());
      expect(table.toArray().map((row) => row?.label)).toEqual(rows.map(({ label }) => label));
      const parquet = await ask(PARQUET, "parquet");
      expect(parquet.headers.get("content-type")).toBe(PARQUET);
      expect(await parquetRows(await parquet.bytes())).toMatchObject(rows);
    });
  }

  test("the first choice that can be given is taken", async () => {
    const accept = `text/html, application/json;q=0.5, ${ARROW};q=0.9, */*;q=0.1`;
    expect((await post("/query", { sql }, accept)).headers.get("content-type")).toBe(ARROW);
    expect((await fetch(`${url}/search?tasks=ocr`)).headers.get("content-type")).toBe("application/json");
    expect(await failure(post("/query", { sql }, "text/html"))).toEqual([406, "not_acceptable"]);
    expect(await failure(post("/query?format=xml", { sql }))).toEqual([400, "usage"]);
  });

  test("a result of no rows has its columns", async () => {
    const none = { sql: "SELECT n, label FROM catalog WHERE false" };
    expect(await (await post("/query", none)).json()).toMatchObject({ row_count: 0, rows: [] });
    expect(await (await post("/query", none, "text/csv")).text()).toBe("n,label\r\n");
    expect(await parquetRows(await (await post("/query", none, PARQUET)).bytes())).toEqual([]);
    const fields = tableFromIPC(await (await post("/query", none, ARROW)).bytes()).schema.fields;
    expect(fields.map(({ name }) => name)).toEqual(["n", "label"]);
  });
});

describe("search", () => {
  test("by text, at a JSON path, with all hits counted", async () => {
    const found = await post("/search", { column: "label", json_path: "$.words.text", text: "울 50%" });
    expect(await found.json()).toMatchObject({ row_count: 1, rows: [{ label: LABEL, n: 1 }] });
    const limited = await post("/search", { text: "내용", limit: 3 });
    expect(limited.headers.get("x-row-count")).toBe(String(ROW_COUNT));
    const document = (await limited.json()) as { rows: unknown[]; row_count: number };
    expect([document.rows.length, document.row_count]).toEqual([3, ROW_COUNT]);
    const text = encodeURIComponent("내용");
    const got = await fetch(
      `${url}/search?text=${text}&ignore_case=true&datasets=x,${encodeURIComponent("책")}&limit=1`,
    );
    expect(await got.json()).toMatchObject({ row_count: ROW_COUNT, rows: [{ n: 0 }] });
  });

  test("gives all rows of a large selection", async () => {
    const table = tableFromIPC(await (await fetch(`${url}/search?tasks=raw&format=arrow`)).bytes());
    expect(table.numRows).toBe(ROW_COUNT);
    expect(Number(table.get(ROW_COUNT - 1)?.n)).toBe(ROW_COUNT - 1);
  });

  test("what cannot be is told", async () => {
    expect(await failure(post("/search", { datasets: ["none"] }))).toEqual([404, "not_found"]);
    expect(await failure(post("/search", { dataset: "책" }))).toEqual([400, "usage"]);
    expect(await failure(post("/search", { json_path: "$.a" }))).toEqual([400, "usage"]);
    expect(await failure(post("/search", { text: "" }))).toEqual([400, "usage"]);
    expect(await failure(post("/search", { engine: "spark" }))).toEqual([400, "usage"]);
    expect(await failure(post("/search", { engine: "trino" }))).toEqual([400, "invalid_config"]);
    expect(await failure(fetch(`${url}/search?limit=many`))).toEqual([400, "usage"]);
    expect(await failure(fetch(`${url}/search?colum=label`))).toEqual([400, "usage"]);
  });
});

describe("query", () => {
  test("what cannot be is told", async () => {
    expect(await failure(post("/query", { sql: "DROP TABLE catalog" }))).toEqual([400, "invalid_sql"]);
    expect(await failure(post("/query", { sql: "" }))).toEqual([400, "usage"]);
    expect(await failure(post("/query", {}))).toEqual([400, "usage"]);
    expect(await failure(fetch(`${url}/query`))).toEqual([400, "usage"]);
    expect(await failure(post("/query", { sql: "SELECT 1", engine: "trino" }))).toEqual([
      400,
      "invalid_config",
    ]);
    const foreign = { headers: { "sec-fetch-site": "cross-site" } };
    expect(await failure(fetch(`${url}/query?sql=SELECT+1`, foreign))).toEqual([403, "forbidden"]);
  });

  test("what takes too long is ended", async () => {
    const env = { ...world.env, DATALAKE_LAKE: (await makeWorld()).lake.root, DATALAKE_SQL_TIMEOUT_S: "1" };
    const hasty = await startServe({ ...world, env });
    try {
      await fetch(`${hasty.url}/catalog/rebuild`, { method: "POST" });
      const asked = fetch(`${hasty.url}/query?sql=${encodeURIComponent("SELECT sleep_ms(60000)")}`);
      expect(await failure(asked)).toEqual([504, "timeout"]);
    } finally {
      await hasty.stop("SIGKILL");
    }
  });

  test("an error in the middle of many rows is told, and not a shorter result", async () => {
    const sql =
      "SELECT body, CASE WHEN n = 90000 THEN error('late') END AS e FROM catalog WHERE task = 'raw'";
    for (const format of ["json", "ndjson", "csv", "arrow", "parquet"]) {
      expect(await failure(post(`/query?format=${format}`, { sql: `${sql} LIMIT 95000` }))).toEqual([
        400,
        "invalid_sql",
      ]);
    }
    expect(await failure(post("/query", { sql: "SELECT true FROM catalog" }))).toEqual([413, "too_large"]);
  });

  const BURN = "SELECT count(*) FROM range(1000000000000) t(i) WHERE i % 7 = 3";

  test("the server answers others while one burns, and a closed connection stops it", async () => {
    const controller = new AbortController();
    const burning = post("/query", { sql: BURN }, undefined, controller.signal).then(
      () => "answered",
      () => "gone",
    );
    await until(async () => (await children(server.pid)).length === 1);
    expect((await fetch(`${url}/health`)).status).toBe(200);
    expect((await post("/query", { sql: "SELECT 1 AS a" })).status).toBe(200);
    await until(async () => (await children(server.pid)).length === 1);
    controller.abort();
    expect(await burning).toBe("gone");
    await until(async () => (await children(server.pid)).length === 0);
  });

  test("queries beyond the limit wait, and are told when none ends in time", async () => {
    const controllers = [new AbortController(), new AbortController()];
    const long = controllers.map(({ signal }) =>
      post("/query", { sql: "SELECT sleep_ms(60000)" }, undefined, signal).catch(() => undefined),
    );
    await until(async () => (await children(server.pid)).length === 2);
    const third = post("/query", { sql: "SELECT 3 AS a" });
    expect((await fetch(`${url}/health`)).status).toBe(200);
    controllers[0]?.abort();
    expect(await (await third).json()).toMatchObject({ rows: [{ a: 3 }] });
    controllers[1]?.abort();
    await Promise.all(long);
  });
});

test("the interface describes the formats", async () => {
  const document = (await (await fetch(`${url}/openapi.json`)).json()) as {
    paths: Record<
      string,
      Record<string, { responses: Record<string, { content: object }>; parameters: { name: string }[] }>
    >;
  };
  for (const path of ["/search", "/query"]) {
    for (const method of ["get", "post"]) {
      const operation = document.paths[path]?.[method];
      expect(Object.keys(operation?.responses[200]?.content ?? {})).toEqual([
        "application/json",
        "application/x-ndjson",
        "text/csv",
        ARROW,
        PARQUET,
      ]);
      expect(operation?.parameters.map(({ name }) => name)).toContain("format");
    }
  }
});

/** Processes that a process has started and that live. */
async function children(pid: number): Promise<string[]> {
  const text = await Bun.file(`/proc/${pid}/task/${pid}/children`).text();
  return text.split(" ").filter((child) => child !== "");
}
