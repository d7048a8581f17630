import { expect, setDefaultTimeout, test } from "bun:test";
import { DuckDBClient } from "../../../src/query/duckdb/client.ts";
import { openUnpacking } from "../../../src/query/search-index/unpack.ts";
import { commit, KEY, query, refresh, withLake } from "../../catalog/lakes.ts";

setDefaultTimeout(240_000);

/** More than a table of their own may have: the rows are in the shared home. */
const COLUMNS = 640;
const ROWS = 30;
/** Columns and rows with a text. */
const PLACES = [
  [0, 11],
  [5, 13],
  [199, 12],
  [200, 29],
  [639, 20],
] as const;

test("each text of a partition of hundreds of columns is found by the index, in its row and column", () =>
  withLake(async (bench) => {
    const columns = Array.from(
      { length: COLUMNS },
      (_, at) => `CASE WHEN (range + ${at}) % 7 > 0 THEN 'w${at}x' || range || ' 가나' END AS c${at}`,
    );
    await commit(bench, "create", `SELECT ${columns.join(", ")} FROM range(${ROWS})`, {
      ...KEY,
      dataset: "wide",
    });
    await commit(bench, "create", "SELECT 'w639x1' AS other, 'w5x3' AS c5", { ...KEY, dataset: "beside" });
    await refresh(bench);
    expect(await query(bench, "SELECT home FROM partitions WHERE dataset = 'wide'")).toEqual([{ home: 0 }]);
    expect(await query(bench, 'SELECT count(DISTINCT "column") AS n FROM index_terms')).toEqual([
      { n: COLUMNS + 1 },
    ]);
    const client = new DuckDBClient({ path: bench.lake.layout.catalogFile, scratch: `${bench.folder}/s` });
    try {
      const find = async (text: string, column?: string) => {
        const result = await client.retrieveWithExistingCols({
          text,
          ...(column !== undefined && { column }),
          datasets: ["wide"],
        });
        return Array.fromAsync(result.batches).then((batches) => batches.flatMap((batch) => [...batch]));
      };
      for (const [at, row] of PLACES) {
        const [found, ...more] = await find(`w${at}x${row}`, `c${at}`);
        expect(more).toEqual([]);
        expect(found?.[`c${at}`]).toBe(`w${at}x${row} 가나`);
      }
      expect(await find("w200x29")).toHaveLength(1);
      expect(await find("w200x29", "c7")).toEqual([]);
      expect(await find("나")).toHaveLength(ROWS);
    } finally {
      client.close();
    }
  }));

test("a table is made for some hundred columns, not for each", () =>
  withLake(async ({ database }) => {
    const made: string[] = [];
    const spy = { ...database, run: async (sql: string) => void made.push(sql.slice(0, 20)) };
    const names = Array.from({ length: COLUMNS }, (_, at) => `c${at}`);
    const partition = {
      ...KEY,
      rows: 1,
      part: 1,
      home: 0,
      cells: { integers: [], numbers: [], texts: names },
      columns: names.map((name) => ({ name, type: "VARCHAR", nulls: 0 })),
    };
    const unpacking = openUnpacking(spy);
    const run = { partition, type: "VARCHAR", start: 0, end: 1000, normal: true, sparse: false };
    for (const name of names) await unpacking.tableOf(run, name);
    await unpacking.close();
    expect(made.filter((sql) => sql.startsWith("CREATE"))).toHaveLength(4);
    expect(made.filter((sql) => sql.startsWith("DROP"))).toHaveLength(4);
  }));

test("texts of many partitions of tens of columns are found, whether their columns have names of their own or not", () =>
  withLake(async (bench) => {
    // Together more columns than tables are unpacked into at once.
    const partitions = Array.from({ length: 44 }, (_, at) => ({
      dataset: `d${at}`,
      name: (column: number) => (at % 2 === 0 ? `c${column}` : `p${at}_c${column}`),
    }));
    for (const [at, { dataset, name }] of partitions.entries()) {
      const columns = Array.from({ length: 40 }, (_, column) => `'d${at}w${column}' AS ${name(column)}`);
      await commit(bench, "create", `SELECT ${columns.join(", ")}`, { ...KEY, dataset });
    }
    await refresh(bench);
    const client = new DuckDBClient({ path: bench.lake.layout.catalogFile, scratch: `${bench.folder}/s` });
    try {
      for (const [at, column] of [
        [0, 0],
        [1, 39],
        [22, 20],
        [43, 5],
        [42, 39],
      ]) {
        const { partitions: found, matchCount } = await client.retrieveWithExistingCols({
          text: `d${at}w${column}`,
        });
        const expected = partitions.filter((_, other) => `d${other}w`.startsWith(`d${at}w`));
        expect(found.map(({ dataset }) => dataset)).toEqual(expected.map(({ dataset }) => dataset));
        expect(matchCount).toBe(1);
      }
    } finally {
      client.close();
    }
  }));
