import { expect, test } from "bun:test";
import { catalogIdentity } from "../../../src/catalog/publish.ts";
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

test("on a mount that may lag it is closed when nobody asks, and opened anew though it seems the same", () =>
  withLake(async (bench) => {
    await commit(bench, "create", "SELECT 1 AS n");
    await refresh(bench);
    const view = { mayLag: async () => true, reopenMs: 30, drainMs: 10_000 };
    const reader = createCatalogReader(bench.lake.layout.catalogFile, { scratch: bench.folder }, 1, view);
    const first = await reader.use(async (database) => {
      await Bun.sleep(3 * view.reopenMs); // one that is in use stays
      expect(await database.rows(COUNT)).toEqual([{ n: 1 }]);
      return database;
    });
    while ((await reader.use(async (database) => database)) === first) await Bun.sleep(2 * view.reopenMs);
    expect(first.rows(COUNT)).rejects.toThrow();
    const published = await catalogIdentity(bench.lake);
    // Two states are never open at once: who asks for the new one waits for the answer from the old.
    let isEnded = false;
    const old = reader.use(async (database) => {
      await commit(bench, "append", "SELECT 2 AS n");
      await refresh(bench);
      await Bun.sleep(20 * view.reopenMs);
      isEnded = true;
      return database.rows(COUNT);
    });
    while ((await catalogIdentity(bench.lake)) === published) await Bun.sleep(5);
    const fresh = await reader.use(async (database) => [isEnded, ...(await database.rows(COUNT))]);
    expect(await old).toEqual([{ n: 1 }]);
    expect(fresh).toEqual([true, { n: 2 }]);
    reader.close();
  }));
