import { expect, test } from "bun:test";
import { join } from "node:path";
import { describeLake, initLake } from "../../../src/lake/lake.ts";
import { mayLag } from "../../../src/lake/view.ts";
import { createCatalogReader } from "../../../src/query/duckdb/catalog-reader.ts";
import { commit, refresh, withLake } from "../../catalog/lakes.ts";
import { mountTwo } from "../../rigs/fuse/two-mounts.ts";

test(
  "a reader finds the new catalog on a mount that shows the old one as long as it is held open",
  () =>
    withLake(async (bench) => {
      await using mounts = await mountTwo({ behaviour: "smb" });
      const lakeAt = (at: string) => join(at, "lake");
      bench.lake = (await initLake(lakeAt(mounts.a.at))).lake;
      await commit(bench, "create", "SELECT 1 AS n");
      await refresh(bench);
      const there = describeLake(lakeAt(mounts.b.at)).layout.catalogFile;
      const view = { mayLag, reopenMs: 200, drainMs: 5000 };
      const reader = createCatalogReader(there, { scratch: bench.folder }, 1, view);
      const count = () =>
        reader.use((database) =>
          database.rows("SELECT count(*) AS n, generation FROM catalog, lake GROUP BY ALL"),
        );
      expect(await count()).toEqual([{ n: 1, generation: 1 }]);
      await commit(bench, "append", "SELECT 2 AS n");
      await refresh(bench);
      const seen = new Set<unknown>();
      while (!seen.has(2)) {
        const [{ n, generation } = {}] = await count();
        expect(n).toBe(generation as number); // each answer is of one state, and says which
        seen.add(generation);
        await Bun.sleep(300);
      }
      reader.close();
    }),
  120_000,
);
