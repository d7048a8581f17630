/** Rows of appends in a small file beside the catalog: whoever asks finds what one file would say. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { copyFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { compactPartition } from "../../src/catalog/compact.ts";
import { catalogInfo, catalogPartitions } from "../../src/catalog/info.ts";
import { readPartition } from "../../src/catalog/partition.ts";
import { BUILD_STEPS, type BuildStep } from "../../src/catalog/steps.ts";
import { catalogCheck } from "../../src/doctor/catalog.ts";
import { exists } from "../../src/lake/files.ts";
import { silentLogger } from "../../src/log.ts";
import { openDatabase } from "../../src/query/database.ts";
import { attachCatalog, identifyCatalog } from "../../src/query/duckdb/catalog-file.ts";
import { DuckDBClient } from "../../src/query/duckdb/client.ts";
import { readLake } from "../../src/sync/read-lake.ts";
import { commit, KEY, query, refresh, type Workbench, withLake } from "./lakes.ts";

setDefaultTimeout(300_000); // a machine that is busy elsewhere

const OTHER = { ...KEY, dataset: "007" };
const OWN = { ...KEY, dataset: "odd", variant: "words" };
const rowsOf = (count: number, mark: string) =>
  `SELECT range AS id, 'row ${mark} ' || range || ' 가나다' AS text, ['t${mark}', NULL] AS tags FROM range(${count})`;

/** A lake whose appends go to the small file, whatever the size of the large one. */
function withSmallLake(use: (bench: Workbench) => Promise<void>): Promise<void> {
  return withLake((bench) => {
    const catalog = { ...bench.settings.catalog, recent_from: "0B" };
    return use({ ...bench, settings: { ...bench.settings, catalog } });
  });
}

const quickly = (bench: Workbench) => refresh(bench, { quick: true });

/** What every reader says, but for generations and sizes. */
async function facts(bench: Workbench) {
  const { lake, folder, settings } = bench;
  const client = new DuckDBClient({ path: lake.layout.catalogFile, scratch: join(folder, "reader") });
  const database = await openDatabase({ scratch: join(folder, "reader") });
  try {
    const found: unknown[] = [];
    for (const ask of [
      {},
      { text: "row b" },
      { text: "나" },
      { text: "tb" },
      { text: "tc", column: "tags" },
      { text: "unheard" },
      { text: "ROW C 1", ignore_case: true },
      { dataset: ["odd"], text: "row" },
    ]) {
      // On the instance that stays open, or, where nothing is searched, on one of its own.
      const query = { ...ask, limit: "text" in ask ? 1000 : 100_000 };
      const { batches, columns, matchCount, partitions } = await client.retrieveWithExistingCols(query);
      const rows = (await Array.fromAsync(batches)).flatMap((batch) => batch.toArray().map(String));
      found.push({ ask, columns, matchCount, partitions, rows });
    }
    const sql = async (text: string) => {
      const limits = { timeoutMs: 60_000, memory: "1GB", maxRows: 100_000, maxBytes: 1e8 };
      const { batches } = await client.sql(text, limits);
      return (await Array.fromAsync(batches)).flatMap((batch) => batch.toArray().map(String)).sort();
    };
    const {
      generation: _,
      built_at: __,
      merged_generation: ___,
      bytes: ____,
      ...info
    } = await catalogInfo(bench);
    const synced = await readLake(database, lake);
    const context = { ...bench, database, full: true, signal: new AbortController().signal };
    const partitions = await catalogPartitions(bench);
    const keys = partitions.partitions.map(({ provider, dataset, task, variant }) => ({
      provider,
      dataset,
      task,
      variant,
    }));
    await database.run("DETACH DATABASE IF EXISTS synced");
    await database.run('DETACH DATABASE IF EXISTS "@whole"');
    const checked = await catalogCheck.run({ ...context, settings, partitions: keys } as never);
    return {
      found,
      catalog: await sql("SELECT * FROM catalog"),
      views: await Promise.all(
        keys.map(({ provider, dataset }) => sql(`SELECT * FROM "${provider}/${dataset}"`)),
      ),
      partitions: await client.retrievePartitions(),
      tables: await client.listTables(),
      columns: await client.getTableInfo("catalog"),
      info,
      listed: partitions,
      synced: synced.partitions.sort((a, b) => (a.dataset < b.dataset ? -1 : 1)),
      checked: typeof checked === "string" ? checked.replace(/generation \d+/, "") : checked,
    };
  } finally {
    client.close();
    database.close();
  }
}

const inode = async (path: string) => (await stat(path)).ino;

type Step = { does: string; isQuick: boolean; act: (bench: Workbench) => Promise<unknown> };
const STEPS: Step[] = [
  { does: "an append", isQuick: true, act: (bench) => commit(bench, "append", rowsOf(20, "b")) },
  { does: "another", isQuick: true, act: (bench) => commit(bench, "append", rowsOf(7, "c")) },
  { does: "a new partition", isQuick: true, act: (bench) => commit(bench, "create", rowsOf(9, "c"), OTHER) },
  {
    does: "a new partition with columns of its own",
    isQuick: true,
    act: (bench) =>
      commit(bench, "create", "SELECT 'row b' AS word, 1.5 AS x, range AS id FROM range(4)", OWN),
  },
  {
    does: "a text that is not composed",
    isQuick: true,
    act: (bench) =>
      commit(bench, "append", `SELECT 1::BIGINT AS id, '${"가나".normalize("NFD")}' AS text, ['tc'] AS tags`),
  },
  {
    does: "an append to what is new",
    isQuick: true,
    act: (bench) => commit(bench, "append", rowsOf(5, "d"), OTHER),
  },
  {
    does: "a compaction, with an append behind it",
    isQuick: true,
    act: async (bench) => {
      const state = await readPartition(bench.database, bench.lake, KEY);
      if (state) await compactPartition(bench.database, bench.lake, state);
      await commit(bench, "append", rowsOf(2, "e"));
    },
  },
  {
    does: "a column more",
    isQuick: false,
    act: (bench) => commit(bench, "append", "SELECT 1::BIGINT AS id, 'row b' AS text, 'x' AS note"),
  },
  { does: "an append behind that", isQuick: true, act: (bench) => commit(bench, "append", rowsOf(3, "b")) },
  { does: "a replacement", isQuick: false, act: (bench) => commit(bench, "replace", rowsOf(30, "c"), OTHER) },
  { does: "an append again", isQuick: true, act: (bench) => commit(bench, "append", rowsOf(3, "f")) },
  {
    does: "a removal",
    isQuick: false,
    act: ({ lake }) => rm(lake.layout.partition(OWN), { recursive: true }),
  },
];

test("every reader finds the same as in one file; what changes rows that are there is published whole", () =>
  withSmallLake(async (bench) => {
    const { catalogFile, recentFile } = bench.lake.layout;
    await commit(bench, "create", rowsOf(300, "a"));
    await quickly(bench);
    expect(await exists(recentFile)).toBe(false);
    for (const { does, isQuick, act } of STEPS) {
      const before = { whole: await inode(catalogFile), identity: await identifyCatalog(catalogFile) };
      const { generation } = await catalogInfo(bench);
      await act(bench);
      expect(await quickly(bench), does).toMatchObject({ generation: generation + 1, failed: [] });
      expect((await inode(catalogFile)) === before.whole, does).toBe(isQuick);
      expect(await exists(recentFile), does).toBe(isQuick);
      expect(await identifyCatalog(catalogFile), does).not.toBe(before.identity);
      expect(await quickly(bench), does).toMatchObject({ generation: generation + 1, refreshed: 0 });
      const seen = await facts(bench);
      expect(seen.checked, does).toMatch(/^ holds/);
      // As one file says it: a copy of the lake, built anew.
      await copyFile(catalogFile, join(bench.folder, "whole"));
      const recent = isQuick ? await Bun.file(recentFile).bytes() : undefined;
      await refresh(bench, { full: true });
      expect(await exists(recentFile), does).toBe(false);
      expect(seen, does).toEqual(await facts(bench));
      await copyFile(join(bench.folder, "whole"), catalogFile);
      if (recent) await writeFile(recentFile, recent);
    }
  }));

/** Rows that a reader counts, which must be those that the list of partitions says, and their generation. */
async function look({ lake, folder }: Workbench) {
  const database = await openDatabase({ scratch: join(folder, "reader") });
  try {
    await attachCatalog(database, lake.layout.catalogFile, "seen");
    const [seen] = await database.rows<{ generation: number; listed: number; rows: number }>(
      `SELECT (SELECT generation FROM seen.lake) AS generation,
         (SELECT sum(rows)::BIGINT FROM seen.partitions) AS listed, count(*) AS rows FROM seen.catalog`,
    );
    expect(seen?.listed).toBe(seen?.rows as number);
    return seen;
  } finally {
    database.close();
  }
}

function dyingAt(step: BuildStep) {
  return (at: BuildStep) => {
    if (at === step) throw new Error("dies here");
  };
}

test("a publisher that dies at any step leaves what was there or what is new, for the next to go on from", async () => {
  for (const [step] of BUILD_STEPS) {
    for (const ends of ["quick", "whole"] as const) {
      await withSmallLake(async (bench) => {
        const what = `${ends}, ${step}`;
        await commit(bench, "create", rowsOf(50, "a"));
        await quickly(bench);
        await commit(bench, "append", rowsOf(5, "b"));
        await quickly(bench);
        expect(await look(bench), what).toMatchObject({ generation: 2, rows: 55 });
        await commit(bench, "append", rowsOf(6, "c"));
        // Nothing is tried another way: that is what a death is.
        const controller = new AbortController();
        const onStep = (at: BuildStep) => {
          if (at === step) controller.abort();
          dyingAt(step)(at);
        };
        await refresh(bench, { quick: ends === "quick", onStep, signal: controller.signal }).catch(() => {});
        const isPublished = step === "sweep";
        expect(await look(bench), what).toMatchObject(
          isPublished ? { generation: 3, rows: 61 } : { generation: 2, rows: 55 },
        );
        await commit(bench, "append", rowsOf(7, "d"));
        await quickly(bench);
        expect(await look(bench), what).toMatchObject({ rows: 68 });
        await refresh(bench);
        expect(await look(bench), what).toMatchObject({ rows: 68 });
        expect(await query(bench, "SELECT count(*) AS n FROM catalog"), what).toEqual([{ n: 68 }]);
      });
    }
  }
});

test("publishers of both kinds at once publish one after the other", () =>
  withSmallLake(async (bench) => {
    await commit(bench, "create", rowsOf(50, "a"));
    await refresh(bench);
    for (let round = 1; round <= 4; round++) {
      await commit(bench, "append", rowsOf(1, "b"));
      const scratch = (name: string) => {
        const settings = { ...bench.settings, scratchFolder: join(bench.folder, name) };
        return { ...bench, settings };
      };
      await Promise.all([
        quickly(scratch("one")),
        refresh(scratch("two")),
        quickly(scratch("three")),
        look(bench),
      ]);
      expect(await look(bench)).toMatchObject({ rows: 50 + round });
    }
  }));

test("a small file counts only with the large one that it names", () =>
  withSmallLake(async (bench) => {
    const { catalogFile, recentFile } = bench.lake.layout;
    const copy = (name: string) => join(bench.folder, name);
    await commit(bench, "create", rowsOf(50, "a"));
    await refresh(bench);
    await commit(bench, "append", rowsOf(5, "b"));
    await quickly(bench);
    await copyFile(catalogFile, copy("large-1"));
    await copyFile(recentFile, copy("small-2"));
    await commit(bench, "append", rowsOf(6, "c"));
    await refresh(bench); // 3
    await copyFile(copy("small-2"), recentFile);
    expect(await look(bench)).toMatchObject({ generation: 3, rows: 61 });
    expect(await facts(bench)).toMatchObject({ info: { rows: 61 } });
    await commit(bench, "append", rowsOf(7, "d"));
    await quickly(bench); // 4
    expect(await look(bench)).toMatchObject({ generation: 4, rows: 68 });
    await copyFile(copy("large-1"), catalogFile); // as a mount that lags shows it
    expect(await look(bench)).toMatchObject({ generation: 1, rows: 50 });
    await quickly(bench);
    expect(await look(bench)).toMatchObject({ rows: 68 });
    await commit(bench, "append", rowsOf(1, "e"));
    await quickly(bench);
    await writeFile(recentFile, "no database");
    const client = new DuckDBClient({ path: catalogFile, scratch: join(bench.folder, "reader") });
    const limits = { timeoutMs: 60_000, memory: "1GB", maxRows: 10, maxBytes: 1e6 };
    for (const ask of [
      () => catalogInfo(bench),
      () => client.retrievePartitions(),
      () => client.retrieveWithExistingCols({ limit: 2000 }),
      () => client.sql("SELECT 1", limits),
    ]) {
      const error = await ask().catch((thrown) => thrown);
      const told = expect.stringMatching(
        /catalog-recent\.duckdb cannot be opened .*; run `datalake catalog rebuild/,
      );
      expect([error.code, error.message]).toEqual(["corrupt", told]);
    }
    client.close();
    // The large file is as good as before: what it lacks is loaded.
    const logger = silentLogger;
    expect(await refresh(bench, { logger, quick: true })).toMatchObject({ refreshed: 1, failed: [] });
    expect(await exists(recentFile)).toBe(false);
    expect(await look(bench)).toMatchObject({ rows: 69 });
  }));

test("what is much, or waits for long, is published whole, as is all by a rebuild", () =>
  withSmallLake(async (bench) => {
    const { recentFile } = bench.lake.layout;
    const numbers = (count: number) => `SELECT range AS id FROM range(${count})`;
    await commit(bench, "create", numbers(10));
    await refresh(bench);
    const isSmall = async () => {
      await quickly(bench);
      return exists(recentFile);
    };
    await commit(bench, "append", numbers(90_000));
    expect(await isSmall()).toBe(true);
    await commit(bench, "append", numbers(9_000));
    expect(await isSmall()).toBe(true);
    await commit(bench, "append", numbers(2_000));
    expect(await isSmall()).toBe(false);
    await commit(bench, "append", numbers(1));
    expect(await isSmall()).toBe(true);
    const database = await openDatabase({ path: recentFile, scratch: join(bench.folder, "old") });
    await database.run(
      "UPDATE recent_of SET since = strftime(now() - INTERVAL 61 MINUTE, '%Y-%m-%dT%H:%M:%SZ')",
    );
    database.close();
    expect(await isSmall()).toBe(false); // without anything new
    expect(await look(bench)).toMatchObject({ rows: 101_011 });
    await commit(bench, "append", numbers(1));
    const large = { ...bench.settings.catalog, recent_from: "1GB" };
    await refresh({ ...bench, settings: { ...bench.settings, catalog: large } }, { quick: true });
    expect(await exists(recentFile)).toBe(false);
    await commit(bench, "append", numbers(1));
    expect(await isSmall()).toBe(true);
    expect(await refresh(bench)).toMatchObject({ rows: 101_013 });
    expect(await exists(recentFile)).toBe(false);
    expect(await query(bench, "SELECT count(*) AS n FROM catalog")).toEqual([{ n: 101_013 }]);
  }));
