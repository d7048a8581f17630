/** Two hosts, one after the other, each on a mount that goes on for a while with what it saw. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { readPartition } from "../../src/catalog/partition.ts";
import { refreshCatalog } from "../../src/catalog/refresh.ts";
import { loadSettings } from "../../src/config.ts";
import { initLake, openLake } from "../../src/lake/lake.ts";
import { silentLogger } from "../../src/log.ts";
import { openDatabase } from "../../src/query/database.ts";
import { mountTwo, type TwoMounts } from "../rigs/fuse/two-mounts.ts";
import { commit, KEY, query, type Workbench } from "./lakes.ts";

setDefaultTimeout(120_000); // a machine that is busy elsewhere

const rowsOf = (count: number, from = 0) => `SELECT range AS id FROM range(${from}, ${from + count})`;

/** A host of its own: what it keeps of the lake, it keeps in its own folder. */
async function openHost(mounts: TwoMounts, name: "a" | "b"): Promise<Workbench> {
  const folder = join(mounts.scratch, name);
  const scratch = join(folder, "scratch");
  const settings = await loadSettings({
    env: {},
    cwd: folder,
    flags: { cache: join(folder, "cache"), scratch },
  });
  const lake = await openLake(join(mounts[name].at, "lake"));
  return { folder, lake, settings, database: await openDatabase({ scratch, threads: 1 }) };
}

/** A refresh as a job does it that has changed the partition. */
async function publish({ lake, settings }: Workbench) {
  const { rows, failed } = await refreshCatalog({ lake, settings, logger: silentLogger, changed: [KEY] });
  return { rows, failed };
}

test("what the other did just before is not lost, hidden or said wrong", async () => {
  await using mounts = await mountTwo({ behaviour: "stale", staleMs: 3_600_000 });
  await initLake(join(mounts.a.at, "lake"));
  const [a, b] = [await openHost(mounts, "a"), await openHost(mounts, "b")];
  try {
    await commit(a, "create", rowsOf(20));
    expect(await publish(a)).toEqual({ rows: 20, failed: [] });
    await commit(b, "append", rowsOf(4, 20));
    expect(await publish(b)).toEqual({ rows: 24, failed: [] });
    // The first host still sees the folder as it left it: what it makes now must be the third version.
    expect((await readPartition(a.database, a.lake, KEY))?.version).toBe(1);
    expect(await commit(a, "append", rowsOf(1, 24))).toMatchObject({ version: 3 });
    expect(await publish(a)).toEqual({ rows: 25, failed: [] });
    expect(await commit(b, "replace", rowsOf(7, 100))).toMatchObject({ version: 4 });
    expect(await commit(a, "append", rowsOf(2, 107))).toMatchObject({ version: 5 });
    expect(await publish(a)).toEqual({ rows: 9, failed: [] });
    expect(await publish(b)).toEqual({ rows: 9, failed: [] });
    expect(await query(a, "SELECT min(id) AS low, count(*) AS n FROM catalog")).toEqual([{ low: 100, n: 9 }]);
  } finally {
    a.database.close();
    b.database.close();
  }
});
