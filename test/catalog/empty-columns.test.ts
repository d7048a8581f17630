import { expect, setDefaultTimeout, test } from "bun:test";
import { DuckDBClient } from "../../src/query/duckdb/client.ts";
import { commit, KEY, query, refresh, withLake } from "./lakes.ts";

setDefaultTimeout(120_000);

/** Types between many of which DuckDB has no cast. */
const VALUES: Record<string, string> = {
  INTEGER: "7::INTEGER",
  DATE: "DATE '2020-01-01'",
  BLOB: "'x'::BLOB",
  "STRUCT(a BIGINT)": "{'a': 1::BIGINT}",
  "STRUCT(b BIGINT)": "{'b': 2::BIGINT}",
  "VARCHAR[]": "['가']",
};
const PAIRS = Object.keys(VALUES).flatMap((empty) =>
  Object.keys(VALUES).flatMap((filled) => (empty === filled ? [] : [{ empty, filled }])),
);

test.each([
  ["in tables of their own", 3000],
  ["in the home that small ones share", 2],
] as const)("a column without values hinders no other type of its name, %s", (_, rows) =>
  withLake(async (bench) => {
    const pairs = rows === 2 ? PAIRS : PAIRS.slice(15, 20);
    for (const [at, { empty, filled }] of pairs.entries()) {
      const of = (value: string) => `SELECT range AS id, ${value} AS c${at} FROM range(${rows})`;
      await commit(bench, "append", of(`NULL::${empty}`), { ...KEY, dataset: `empty${at}` });
      await commit(bench, "append", of(VALUES[filled] ?? ""), { ...KEY, dataset: `filled${at}` });
    }
    await refresh(bench);
    const client = new DuckDBClient({ path: bench.lake.layout.catalogFile, scratch: `${bench.folder}/s` });
    for (const [at, { filled }] of pairs.entries()) {
      const [seen] = await query<{ type: string; count: number }>(
        bench,
        `SELECT any_value(typeof(c${at})) AS type, count(c${at})::INTEGER AS count FROM catalog`,
      );
      expect(seen).toEqual({ type: filled, count: rows });
      const result = await client.retrieveWithExistingCols({ datasets: [`empty${at}`, `filled${at}`] });
      expect(result.columns.find(({ name }) => name === `c${at}`)?.type).toBe(filled);
      let values = 0;
      for await (const batch of result.batches) {
        const column = batch.getChild(`c${at}`);
        values += batch.numRows - (column?.nullCount ?? batch.numRows);
      }
      expect(values).toBe(rows);
    }
    client.close();
  }),
);
