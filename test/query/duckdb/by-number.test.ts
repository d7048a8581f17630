import { expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { type Database, openDatabase } from "../../../src/query/database.ts";
import { attachCatalog } from "../../../src/query/duckdb/catalog-file.ts";
import { describeCatalog, locateRows } from "../../../src/query/duckdb/described.ts";
import { findRows } from "../../../src/query/duckdb/find-rows.ts";
import { readFound } from "../../../src/query/duckdb/read-found.ts";
import { planRows } from "../../../src/query/row-plan.ts";
import { commit, refresh, withLake } from "../../catalog/lakes.ts";

setDefaultTimeout(120_000); // a machine that is busy elsewhere

test("the rows of a search are read by the index on their numbers, from one file and from two", () =>
  withLake(async (bench) => {
    const catalog = { ...bench.settings.catalog, recent_from: "0B" };
    const small = { ...bench, settings: { ...bench.settings, catalog } };
    const rows = (from: number, until: number) =>
      `SELECT range AS id, 'row ' || range || CASE WHEN range % 20_000 = 7 THEN ' mark' ELSE '' END AS text FROM range(${from}, ${until})`;
    await commit(bench, "create", rows(0, 60_000));
    await refresh(small, { quick: true });
    for (const found of [3, 4]) {
      const database = await openDatabase({ scratch: join(bench.folder, "reader"), threads: 1 });
      try {
        await attachCatalog(database, bench.lake.layout.catalogFile, "lake");
        await database.use("lake");
        const { arrowSchema } = await import("../../../src/query/arrow/types.ts");
        const { known, table } = await describeCatalog(database);
        const { partitions, columns, condition } = planRows(known, table, { text: "mark" }, true);
        if (condition === undefined) throw new Error("no condition");
        const marked = await findRows(database, partitions, condition, await locateRows(database), undefined);
        const read: string[] = [];
        const watched: Database = {
          ...database,
          stream: (sql) => {
            read.push(sql);
            return database.stream(sql);
          },
        };
        const source = { database: watched, columns, schema: arrowSchema(columns), stats: { engineMs: 0 } };
        const batches = await Array.fromAsync(readFound(source, marked, found, 1000, [], undefined));
        expect(batches.reduce((sum, { numRows }) => sum + numRows, 0)).toBe(found);
        expect(read).toHaveLength(1);
        const [plan] = await database.rows<{ explain_value: string }>(`EXPLAIN ANALYZE ${read[0]}`);
        expect(plan?.explain_value).toContain("Index Scan");
      } finally {
        database.close();
      }
      await commit(bench, "append", rows(80_000, 80_010));
      await refresh(small, { quick: true });
    }
  }));
