/** Rows of appends in a small file beside the catalog: whoever asks finds what one file would say. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { copyFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { catalogInfo } from "../../src/catalog/info.ts";
import { BUILD_STEPS, type BuildStep } from "../../src/catalog/steps.ts";
import { exists } from "../../src/lake/files.ts";
import { silentLogger } from "../../src/log.ts";
import { openDatabase } from "../../src/query/database.ts";
import { attachCatalog } from "../../src/query/duckdb/catalog-file.ts";
import { DuckDBClient } from "../../src/query/duckdb/client.ts";
import { commit, query, refresh, type Workbench } from "./lakes.ts";
import { facts, quickly, rowsOf, withSmallLake } from "./recent-kit.ts";

setDefaultTimeout(300_000); // a machine that is busy elsewhere

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
    const limits = { timeoutMs: 110_000, memory: "1GB", maxRows: 10, maxBytes: 1e6 };
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
