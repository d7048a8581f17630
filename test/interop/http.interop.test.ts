import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadSettings } from "../../src/config.ts";
import { initLake } from "../../src/lake/lake.ts";
import { openDatabase } from "../../src/query/database.ts";
import { commit, KEY, refresh } from "../catalog/lakes.ts";
import { type ServeProcess, startServe } from "../server/server-kit.ts";
import { runPython } from "./python.ts";

setDefaultTimeout(120_000);

type Row = Record<string, unknown>;

/** Whole numbers beyond 2^53, Korean, quotes, line breaks, an emoji, NULL and an empty text apart. */
const ROWS = `SELECT * FROM (VALUES
  (1::BIGINT, '서울, "강남"' || chr(10) || '둘째 줄', 0.1::FLOAT, 12.50::DECIMAL(9,2), true, TIMESTAMP '2026-03-01 14:05:06.123456', DATE '1969-12-31', [1, NULL, 3], {'x': 1.5::DOUBLE, 'name': '가'}, 'ab'::BLOB),
  (9007199254740993, '🍎', -2.5::FLOAT, -0.05, false, TIMESTAMP '1969-12-31 23:59:59', DATE '2026-02-28', [], {'x': NULL, 'name': NULL}, ''::BLOB),
  (-9007199254740993, 'plain', 1e30::FLOAT, 0.00, NULL, NULL, NULL, NULL, NULL, NULL)
) AS t(id, text, small, price, flag, moment, day, scores, box, raw)`;
const SQL =
  "SELECT id, text, small, price, flag, moment, day, scores, box, raw FROM catalog WHERE task = 'ocr' ORDER BY source_row";
/** Of values that every format has. */
const SIMPLE = "SELECT id, text FROM catalog WHERE task = 'ocr' ORDER BY source_row";

let folder: string;
let server: ServeProcess;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "datalake-http-"));
  const scratch = join(folder, "scratch");
  const cache = join(folder, "cache");
  const { lake } = await initLake(join(folder, "lake"));
  const settings = await loadSettings({ env: {}, cwd: folder, flags: { cache, scratch } });
  const database = await openDatabase({ scratch, threads: 2 });
  const bench = { folder, lake, settings, database };
  const numbered = `SELECT *, row_number() OVER () AS source_row FROM (${ROWS})`;
  await commit(bench, "create", numbered, { ...KEY, task: "ocr", variant: "words" });
  await commit(bench, "create", "SELECT range AS n FROM range(150000)");
  await refresh(bench);
  database.close();
  const env = { DATALAKE_LAKE: lake.root, DATALAKE_CACHE: cache, DATALAKE_SCRATCH: scratch };
  server = await startServe({ folder, lake, settings, env });
});

afterAll(async () => {
  await server?.stop("SIGKILL");
  await rm(folder, { recursive: true, force: true });
});

async function read(query: string): Promise<Record<string, Row[]>> {
  return JSON.parse(await runPython("tools", "read_http.py", server.url, query));
}

const IDS = [1, "9007199254740993", "-9007199254740993"];
const TEXTS = ['서울, "강남"\n둘째 줄', "🍎", "plain"];

describe("the same rows in every library", () => {
  test("of SQL", async () => {
    const seen = await read(`query?sql=${encodeURIComponent(SIMPLE)}`);
    expect(Object.keys(seen)).toHaveLength(17);
    for (const [how, rows] of Object.entries(seen)) {
      expect({ how, ids: rows.map(({ id }) => id) }).toEqual({ how, ids: IDS });
      expect({ how, texts: rows.map(({ text }) => text) }).toEqual({ how, texts: TEXTS });
    }
  });

  test("of a search", async () => {
    const seen = await read("search?tasks=ocr");
    for (const [how, rows] of Object.entries(seen)) {
      expect({ how, ids: rows.map(({ id }) => id) }).toEqual({ how, ids: IDS });
      expect({ how, texts: rows.map(({ text }) => text) }).toEqual({ how, texts: TEXTS });
      expect(rows[0]).toMatchObject({ provider: "aihub", dataset: "책", task: "ocr", variant: "words" });
    }
  });

  test("of every type, where a format has types", async () => {
    const seen = await read(`query?sql=${encodeURIComponent(SQL)}`);
    const sha = (text: string) => new Bun.CryptoHasher("sha256").update(text).digest("hex");
    for (const how of [
      "pyarrow, arrow",
      "pyarrow, POST arrow",
      "pyarrow, parquet",
      "polars, arrow",
      "duckdb, arrow",
    ]) {
      const [first, second, third] = seen[how] as [Row, Row, Row];
      expect({ how, ...first }).toMatchObject({
        how,
        price: "12.50",
        flag: true,
        moment: "2026-03-01T14:05:06.123456",
        day: "1969-12-31",
        scores: [1, null, 3],
        box: { x: 1.5, name: "가" },
        raw: sha("ab"),
      });
      expect(second).toMatchObject({ moment: "1969-12-31T23:59:59", scores: [], raw: sha("") });
      for (const name of ["flag", "moment", "day", "scores", "box", "raw"]) expect(third[name]).toBeNull();
    }
    const json = seen["requests, json"] as Row[];
    expect(json).toEqual(seen["requests, ndjson"] as Row[]);
    expect(json[0]).toEqual({
      id: 1,
      text: TEXTS[0],
      small: 0.1,
      price: 12.5,
      flag: true,
      moment: "2026-03-01T14:05:06.123456",
      day: "1969-12-31",
      scores: [1, null, 3],
      box: { x: 1.5, name: "가" },
      raw: "YWI=",
    });
    expect(json[1]).toMatchObject({
      small: -2.5,
      price: -0.05,
      scores: [],
      box: { x: null, name: null },
      raw: "",
    });
  });
});

test("many rows are whole, whatever the format", async () => {
  const query = `query?sql=${encodeURIComponent("SELECT n FROM catalog WHERE task = 'raw' ORDER BY n")}`;
  const script = "read_http_count.py";
  const counts = JSON.parse(await runPython("tools", script, `${server.url}/${query}`)) as Record<
    string,
    number
  >;
  expect(counts).toEqual({ json: 150_000, ndjson: 150_000, csv: 150_000, arrow: 150_000, parquet: 150_000 });
});
