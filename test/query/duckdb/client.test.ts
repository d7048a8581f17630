import { describe, expect, test } from "bun:test";
import { DuckDBClient } from "../../../src/query/duckdb/client.ts";
import type { RowResult } from "../../../src/schema/query.ts";
import { commit, KEY, refresh, type Workbench, withLake } from "../../catalog/lakes.ts";

const OCR = { ...KEY, task: "ocr", variant: "words" };
const OTHER = { ...KEY, provider: "hf", dataset: "007" };

function engineOf({ lake, folder }: Workbench) {
  return new DuckDBClient({ path: lake.layout.catalogFile, scratch: `${folder}/scratch` });
}

async function collect(result: RowResult): Promise<Record<string, unknown>[]> {
  const rows: Record<string, unknown>[] = [];
  for await (const batch of result.batches) {
    for (const row of batch) rows.push(row.toJSON());
  }
  return rows;
}

test("counts the samples of every partition, sorted", () =>
  withLake(async (bench) => {
    await commit(bench, "create", "SELECT range AS n FROM range(3)", OTHER);
    await commit(bench, "create", "SELECT range AS n FROM range(5)");
    await refresh(bench);
    const engine = engineOf(bench);
    expect(await engine.retrievePartitions()).toEqual([
      { ...KEY, rows: 5 },
      { ...OTHER, rows: 3 },
    ]);
    expect(await engine.retrievePartitions({ providers: ["hf"] })).toEqual([{ ...OTHER, rows: 3 }]);
    engine.close();
  }));

describe("retrieveWithExistingCols", () => {
  test("gives the columns that hold a value in the selection, and only those", () =>
    withLake(async (bench) => {
      await commit(bench, "create", "SELECT range AS n, NULL::VARCHAR AS empty FROM range(2)");
      await commit(bench, "create", "SELECT '글' AS label, 1 AS width", OCR);
      await refresh(bench);
      const engine = engineOf(bench);
      const raw = await engine.retrieveWithExistingCols({ tasks: ["raw"] });
      expect(raw.columns.map(({ name }) => name)).toEqual(["provider", "dataset", "task", "variant", "n"]);
      await collect(raw);
      const both = await engine.retrieveWithExistingCols({});
      expect(both.columns.map(({ name }) => name).slice(4)).toEqual(
        ["n", "label", "width"].sort(byOrder(both)),
      );
      expect(both.rowCount).toBe(3);
      expect((await collect(both)).map(({ label }) => label)).toEqual(["글", null, null]);
      engine.close();
    }));

  test("gives values of every type", () =>
    withLake(async (bench) => {
      await commit(
        bench,
        "create",
        `SELECT 1::BIGINT AS i, 2.5 AS dummy, true AS yes, TIMESTAMP '2026-01-02 03:04:05.000006' AS at, DATE '1970-01-03' AS day,
         ['가', NULL] AS list, {'a': 1, 'b': [DATE '1970-01-02']} AS nested, 'ab'::BLOB AS bytes`,
      );
      await refresh(bench);
      const engine = engineOf(bench);
      const [row] = await collect(await engine.retrieveWithExistingCols({}));
      expect(row).toMatchObject({ i: 1n, yes: true, at: Date.UTC(2026, 0, 2, 3, 4, 5) + 0.006 });
      expect(row?.day).toBe(Date.UTC(1970, 0, 3));
      expect(JSON.stringify(row?.list)).toBe('["가",null]');
      expect(row?.bytes).toEqual(new Uint8Array([97, 98]));
      engine.close();
    }));

  test("keeps stored order, goes from partition to partition, and stops at the limit", () =>
    withLake(async (bench) => {
      await commit(bench, "create", "SELECT range AS n FROM range(10)", OTHER);
      await commit(bench, "create", "SELECT range + 100 AS n FROM range(5000)");
      await commit(bench, "append", "SELECT range + 9000 AS n FROM range(3)");
      await refresh(bench);
      const engine = engineOf(bench);
      const result = await engine.retrieveWithExistingCols({ limit: 5004 });
      expect(result.rowCount).toBe(5004);
      const numbers = (await collect(result)).map(({ n }) => Number(n));
      const expected = [...Array.from({ length: 5000 }, (_, at) => at + 100), 9000, 9001, 9002, 0];
      expect(numbers).toEqual(expected);
      engine.close();
    }));

  test("columns of one name and different types meet in a common type", () =>
    withLake(async (bench) => {
      await commit(bench, "create", "SELECT 1::BIGINT AS n");
      await commit(bench, "create", "SELECT 'text' AS n", OTHER);
      await refresh(bench);
      const engine = engineOf(bench);
      const both = await engine.retrieveWithExistingCols({});
      expect(both.features.n).toEqual({ dtype: "string", _type: "Value" });
      expect((await collect(both)).map(({ n }) => n)).toEqual(["1", "text"]);
      engine.close();
    }));

  test("a text elsewhere in the lake does not make text of the selection's numbers", () =>
    withLake(async (bench) => {
      await commit(bench, "create", "SELECT 7::BIGINT AS n, 0.1::FLOAT AS share");
      await commit(bench, "create", "SELECT 'text' AS n, 0.5::DOUBLE AS share", OTHER);
      await refresh(bench);
      const engine = engineOf(bench);
      const one = await engine.retrieveWithExistingCols({ providers: [KEY.provider] });
      expect(one.columns.slice(4, 6)).toEqual([
        { name: "n", type: "BIGINT" },
        { name: "share", type: "FLOAT" },
      ]);
      expect(await collect(one)).toMatchObject([{ n: 7n, share: Math.fround(0.1) }]);
      engine.close();
    }));

  test("small partitions are read together, in the order of their names and rows", () =>
    withLake(async (bench) => {
      const names = ["b", "가", "a", "Z", "𠀀", "！x".slice(1)];
      for (const dataset of names) {
        await commit(bench, "create", "SELECT range AS n FROM range(3)", { ...KEY, dataset });
        await commit(bench, "append", "SELECT range + 3 AS n FROM range(2)", { ...KEY, dataset });
      }
      await refresh(bench);
      const engine = engineOf(bench);
      const rows = await collect(await engine.retrieveWithExistingCols({ limit: 29 }));
      const sorted = (await engine.retrievePartitions()).map(({ dataset }) => dataset);
      const expected = sorted.flatMap((dataset) => [0, 1, 2, 3, 4].map((n) => `${dataset} ${n}`));
      expect(rows.map(({ dataset, n }) => `${dataset} ${n}`)).toEqual(expected.slice(0, 29));
      engine.close();
    }));

  test("rows too large for a read's first memory limit are read all the same", () =>
    withLake(async (bench) => {
      const rowCount = 3000;
      const select = `SELECT range AS n, repeat(chr(97 + (range % 26)::INT), 20000) AS label FROM range(${rowCount})`;
      await commit(bench, "create", select);
      await refresh(bench);
      const engine = new DuckDBClient({
        path: bench.lake.layout.catalogFile,
        scratch: `${bench.folder}/scratch`,
        scanMemory: "16MB",
      });
      let rows = 0;
      const result = await engine.retrieveWithExistingCols({});
      for await (const batch of result.batches) {
        for (const n of batch.getChild("n") ?? []) expect(n).toBe(BigInt(rows++));
      }
      expect(rows).toBe(rowCount);
      engine.close();
    }));

  test("refuses a selection of nothing, and stops when it is told to", () =>
    withLake(async (bench) => {
      await commit(bench, "create", "SELECT range AS n FROM range(100000)");
      await refresh(bench);
      const engine = engineOf(bench);
      expect(engine.retrieveWithExistingCols({ datasets: ["none"] })).rejects.toMatchObject({
        code: "not_found",
      });
      const abort = new AbortController();
      const result = await engine.retrieveWithExistingCols({}, abort.signal);
      const reading = (async () => {
        for await (const _ of result.batches) abort.abort();
      })();
      expect(reading).rejects.toMatchObject({ code: "cancelled" });
      await reading.catch(() => {});
      engine.close();
    }));
});

test("sees a newly published catalog without being opened again", () =>
  withLake(async (bench) => {
    const engine = engineOf(bench);
    expect(engine.retrievePartitions()).rejects.toMatchObject({ code: "not_found" });
    await commit(bench, "create", "SELECT 1 AS n");
    await refresh(bench);
    expect(await engine.retrievePartitions()).toHaveLength(1);
    await commit(bench, "append", "SELECT 2 AS n");
    await refresh(bench);
    expect(await engine.retrievePartitions()).toEqual([{ ...KEY, rows: 2 }]);
    engine.close();
  }));

function byOrder(result: RowResult) {
  const names = result.columns.map(({ name }) => name);
  return (a: string, b: string) => names.indexOf(a) - names.indexOf(b);
}
