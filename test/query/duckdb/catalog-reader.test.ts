import { expect, test } from "bun:test";
import type { Database } from "../../../src/query/database.ts";
import { createCatalogReader } from "../../../src/query/duckdb/catalog-reader.ts";
import { commit, refresh, withLake } from "../../catalog/lakes.ts";

const COUNT = "SELECT count(*) AS n FROM catalog";

test.each(["use", "useOwn"] as const)("%s meets a stale handle once with a new instance", (name) =>
  withLake(async (bench) => {
    await commit(bench, "create", "SELECT 1 AS n");
    await refresh(bench);
    const reader = createCatalogReader(bench.lake.layout.catalogFile, { scratch: bench.folder });
    const seen: Database[] = [];
    const failing = (failures: number) => async (database: Database) => {
      seen.push(database);
      if (seen.length <= failures) throw Object.assign(new Error("stale file handle"), { code: "ESTALE" });
      return database.rows(COUNT);
    };
    expect(await reader[name](failing(1))).toEqual([{ n: 1 }]);
    expect(new Set(seen).size).toBe(2);
    expect(seen[0]?.rows(COUNT)).rejects.toThrow(); // the failed one is closed
    seen.length = 0;
    const refused = reader[name](failing(2));
    expect(refused).rejects.toMatchObject({ code: "ESTALE" });
    await refused.catch(() => {});
    expect(seen).toHaveLength(2);
    reader.close();
  }),
);

test("a query that runs while a new catalog is published ends on the old one", () =>
  withLake(async (bench) => {
    await commit(bench, "create", "SELECT 1 AS n");
    await refresh(bench);
    const reader = createCatalogReader(bench.lake.layout.catalogFile, { scratch: bench.folder });
    await reader.use(async (old) => {
      await commit(bench, "append", "SELECT 2 AS n");
      await refresh(bench);
      const both = await Promise.all([1, 2].map(() => reader.use(async (database) => database)));
      expect(both[0]).toBe(both[1] as Database);
      expect(await both[0]?.rows(COUNT).catch(() => "closed")).toEqual([{ n: 2 }]);
      expect(await old.rows(COUNT)).toEqual([{ n: 1 }]);
    });
    expect(await reader.use((database) => database.rows(COUNT))).toEqual([{ n: 2 }]);
    reader.close();
  }));
