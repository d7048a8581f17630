import { expect, setDefaultTimeout, test } from "bun:test";
import type { Database } from "../../../src/query/database.ts";
import { describeCatalog, locateRows } from "../../../src/query/duckdb/described.ts";
import { findRows } from "../../../src/query/duckdb/find-rows.ts";
import { readFound } from "../../../src/query/duckdb/read-found.ts";
import { planRows } from "../../../src/query/row-plan.ts";
import { commit, refresh, withLake } from "../../catalog/lakes.ts";
import { watched, withCatalog } from "./catalog-kit.ts";

setDefaultTimeout(120_000); // a machine that is busy elsewhere

/** One statement read rows, by the index on their numbers. */
async function expectByNumber(database: Database, asked: readonly string[]): Promise<void> {
  expect(asked).toHaveLength(1);
  const [plan] = await database.rows<{ explain_value: string }>(`EXPLAIN ANALYZE ${asked[0]}`);
  expect(plan?.explain_value).toContain("Index Scan");
}

test("the rows of a search are read by the index on their numbers, from one file and from two", () =>
  withLake(async (bench) => {
    const catalog = { ...bench.settings.catalog, recent_from: "0B" };
    const small = { ...bench, settings: { ...bench.settings, catalog } };
    const rows = (from: number, until: number) =>
      `SELECT range AS id, 'row ' || range || CASE WHEN range % 20_000 = 7 THEN ' mark' ELSE '' END AS text FROM range(${from}, ${until})`;
    await commit(bench, "create", rows(0, 60_000));
    await refresh(small, { quick: true });
    for (const found of [3, 4]) {
      await withCatalog(bench, async (database) => {
        const { arrowSchema } = await import("../../../src/query/arrow/types.ts");
        const { known, table } = await describeCatalog(database);
        const { partitions, columns, conditions } = planRows(known, table, { text: "mark" }, true);
        const [condition] = conditions;
        if (condition === undefined) throw new Error("no condition");
        const marked = await findRows(database, partitions, condition, await locateRows(database), undefined);
        const reader = watched(database, "stream");
        const source = { database: reader, columns, schema: arrowSchema(columns), stats: { engineMs: 0 } };
        const batches = await Array.fromAsync(readFound(source, marked, found, 1000, [], undefined));
        expect(batches.reduce((sum, { numRows }) => sum + numRows, 0)).toBe(found);
        await expectByNumber(database, reader.asked);
      });
      await commit(bench, "append", rows(80_000, 80_010));
      await refresh(small, { quick: true });
    }
  }));

test("rows of which the index is in doubt are read by it too, and no others", () =>
  withLake(async (bench) => {
    // Two tokens of one text: the index does not tell whether they stand side by side.
    const text =
      "CASE WHEN range % 20_000 = 7 THEN 'left right' WHEN range % 20_000 = 8 THEN 'left, right' ELSE 'row ' || range END";
    await commit(bench, "create", `SELECT range AS id, ${text} AS text FROM range(60_000)`);
    await refresh(bench, { quick: true });
    await withCatalog(bench, async (database) => {
      const { known, table } = await describeCatalog(database);
      const { partitions, conditions } = planRows(known, table, { text: "left right" }, true);
      const [condition] = conditions;
      if (condition === undefined) throw new Error("no condition");
      const reader = watched(database, "chunks");
      const found = await findRows(reader, partitions, condition, await locateRows(database), undefined);
      expect(found.counts).toEqual([3]);
      await expectByNumber(
        database,
        reader.asked.filter((sql) => sql.includes("rows_1")),
      );
    });
  }));
