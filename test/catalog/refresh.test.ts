import { expect, setDefaultTimeout, test } from "bun:test";
import { readdir, readFile, rename, rm, truncate, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { compactPartition } from "../../src/catalog/compact.ts";
import { catalogInfo, catalogPartitions } from "../../src/catalog/info.ts";
import { readPartition } from "../../src/catalog/partition.ts";
import { initLake } from "../../src/lake/lake.ts";
import { acquireLease } from "../../src/lake/lease.ts";
import { silentLogger } from "../../src/log.ts";
import type { PartitionKey } from "../../src/schema/partition.ts";
import { commit, KEY, query, refresh, type Workbench, withLake } from "./lakes.ts";

setDefaultTimeout(120_000); // a machine that is busy elsewhere

const OTHER: PartitionKey = { ...KEY, dataset: "007" };
const rowsOf = (count: number, from = 0) =>
  `SELECT range AS id, 'r' || range AS text FROM range(${from}, ${from + count})`;
const COUNTS = "SELECT dataset, count(*) AS n FROM catalog GROUP BY dataset ORDER BY dataset";

test("an empty lake has a valid empty catalog", () =>
  withLake(async (bench) => {
    expect(await refresh(bench)).toMatchObject({
      generation: 1,
      rows: 0,
      partitions: 0,
      refreshed: 0,
      failed: [],
    });
    expect(await query(bench, "SELECT provider, dataset, task, variant FROM catalog")).toEqual([]);
    expect(await refresh(bench)).toMatchObject({ generation: 1 });
    const error = await catalogInfo({ ...bench, lake: (await initLake(join(bench.folder, "b"))).lake }).catch(
      (e) => e,
    );
    expect(error.code).toBe("not_found");
  }));

test("names stay text, Korean is kept, columns meet by name", () =>
  withLake(async (bench) => {
    await commit(bench, "create", "SELECT 1 AS n, 'x' AS hash, 7::INTEGER AS file_index", KEY);
    await commit(bench, "create", "SELECT 2.5::DOUBLE AS n, ['a'] AS words", OTHER);
    await commit(bench, "create", "SELECT 'three' AS n, 3 AS file_row_number", { ...KEY, dataset: "2020" });
    await refresh(bench);
    const rows = await query(
      bench,
      "SELECT dataset, n, words, hash, file_index, file_row_number FROM catalog ORDER BY dataset",
    );
    expect(rows).toEqual([
      { dataset: "007", n: "2.5", words: ["a"], hash: null, file_index: null, file_row_number: null },
      { dataset: "2020", n: "three", words: null, hash: null, file_index: null, file_row_number: 3 },
      { dataset: "책", n: "1", words: null, hash: "x", file_index: 7, file_row_number: null },
    ]);
    const { columns } = await catalogInfo(bench);
    expect(columns.map((column) => column.name).slice(4)).toEqual([
      "n",
      "words",
      "file_row_number",
      "file_index",
      "hash",
    ]);
    await commit(bench, "append", "SELECT 'four' AS n, 4 AS file_row_number", { ...KEY, dataset: "2020" });
    await refresh(bench);
    expect(await query(bench, "SELECT n FROM catalog WHERE dataset = '2020'")).toEqual([
      { n: "three" },
      { n: "four" },
    ]);
  }));

test("a folder above the lake that looks like a partition's changes nothing", () =>
  withLake(async (bench) => {
    const { lake } = await initLake(join(bench.folder, "provider=zz", "dataset=yy", "lake"));
    const there = { ...bench, lake };
    await commit(there, "create", rowsOf(2));
    await refresh(there);
    expect(await query(there, "SELECT DISTINCT provider, dataset FROM catalog")).toEqual([
      { provider: "aihub", dataset: "책" },
    ]);
  }));

test("only what changed is loaded: a delta added, a replaced partition anew, a compacted one not at all", () =>
  withLake(async (bench) => {
    await commit(bench, "create", rowsOf(10), KEY);
    await commit(bench, "create", rowsOf(5), OTHER);
    expect(await refresh(bench)).toMatchObject({ generation: 1, rows: 15, partitions: 2, refreshed: 2 });
    await commit(bench, "append", `SELECT range AS id, 'new' AS more FROM range(10, 12)`, KEY);
    expect(await refresh(bench)).toMatchObject({ generation: 2, rows: 17, refreshed: 1 });
    expect(
      await query(
        bench,
        "SELECT count(*) AS n, count(more) AS more, max(id) AS last FROM catalog WHERE dataset = '책'",
      ),
    ).toEqual([{ n: 12, more: 2, last: 11 }]);
    const state = await readPartition(bench.database, bench.lake, KEY);
    if (!state) throw new Error("no partition");
    await compactPartition(bench.database, bench.lake, state);
    await commit(bench, "append", rowsOf(1, 12), KEY);
    expect(await refresh(bench)).toMatchObject({ rows: 18, refreshed: 1 });
    expect(await query(bench, "SELECT id FROM catalog WHERE dataset = '책'")).toEqual(
      Array.from({ length: 13 }, (_, id) => ({ id })),
    );
    await commit(bench, "replace", rowsOf(3, 100), KEY);
    expect(await refresh(bench)).toMatchObject({ rows: 8, refreshed: 1 });
    await rm(bench.lake.layout.partition(OTHER), { recursive: true });
    expect(await refresh(bench)).toMatchObject({ rows: 3, partitions: 1, removed: 1 });
    expect((await catalogInfo(bench)).columns.map((column) => column.name).slice(4)).toEqual(["id", "text"]);
    expect((await catalogPartitions(bench)).partitions).toMatchObject([
      { ...KEY, rows: 3, version: 4, uploaded_by: "kim" },
    ]);
  }));

test("a partition without its base is damaged, not removed: the catalog keeps its rows until the folder goes", () =>
  withLake(async (bench) => {
    const { lake } = bench;
    const folder = lake.layout.partition(KEY);
    await commit(bench, "create", rowsOf(2));
    await commit(bench, "create", rowsOf(3), OTHER);
    await refresh(bench);
    await rm(join(folder, "data.parquet"));
    for (const full of [false, true]) {
      const lost = await refresh(bench, { full });
      expect(lost).toMatchObject({ rows: 5, partitions: 2, removed: 0, failed: [{ code: "corrupt" }] });
      expect(lost.failed[0]?.message).toContain("no base");
    }
    await rm(join(folder, "_metadata.json"));
    for (const full of [false, true]) {
      expect(await refresh(bench, { full })).toMatchObject({ rows: 5, failed: [{ code: "corrupt" }] });
    }
    expect(await query(bench, "SELECT count(*) AS n FROM catalog")).toEqual([{ n: 5 }]);
    await rm(folder, { recursive: true });
    expect(await refresh(bench)).toMatchObject({ rows: 3, partitions: 1, removed: 1, failed: [] });
  }));

test("a partition removed and made again with the same version is loaded anew", () =>
  withLake(async (bench) => {
    await commit(bench, "create", rowsOf(2));
    await refresh(bench);
    await rm(bench.lake.layout.partition(KEY), { recursive: true });
    await commit(bench, "create", rowsOf(2, 50));
    await refresh(bench);
    expect(await query(bench, "SELECT id FROM catalog ORDER BY id")).toEqual([{ id: 50 }, { id: 51 }]);
  }));

test("a folder that changes twice in one tick of its mtime is not missed", () =>
  withLake(async (bench) => {
    const folder = bench.lake.layout.partition(KEY);
    // However long it takes until it is looked at, it has just changed.
    const tick = new Date(Date.now() + 3_600_000);
    await commit(bench, "create", rowsOf(2));
    await utimes(folder, tick, tick);
    await refresh(bench);
    await commit(bench, "append", rowsOf(2, 2));
    await utimes(folder, tick, tick);
    expect(await refresh(bench)).toMatchObject({ rows: 4, refreshed: 1 });
    const long = new Date(Date.now() - 3_600_000);
    await utimes(folder, long, long);
    await refresh(bench, { full: true });
    await commit(bench, "append", rowsOf(1, 4));
    await utimes(folder, long, long); // now it cannot be seen: one stat is all that a refresh pays
    expect(await refresh(bench)).toMatchObject({ rows: 4, refreshed: 0 });
  }));

test("types that widen are altered, a column without values takes any type, numbers that become text are read again", () =>
  withLake(async (bench) => {
    await commit(bench, "create", "SELECT 1::INTEGER AS n, NULL::INTEGER AS later, 0.1::FLOAT AS f", KEY);
    await refresh(bench);
    await commit(bench, "create", "SELECT 2.5::DOUBLE AS n, ['a'] AS later", OTHER);
    await refresh(bench);
    const types = async () =>
      Object.fromEntries((await catalogInfo(bench)).columns.slice(4).map((c) => [c.name, c.type]));
    expect(await types()).toEqual({ n: "DOUBLE", later: "VARCHAR[]", f: "FLOAT" });
    await commit(bench, "create", "SELECT 'x' AS f, 1 AS n", { ...KEY, dataset: "z" });
    await refresh(bench);
    expect(await types()).toMatchObject({ f: "VARCHAR" });
    expect(await query(bench, "SELECT f FROM catalog WHERE f IS NOT NULL ORDER BY f")).toEqual([
      { f: "0.1" },
      { f: "x" },
    ]);
  }));

test("an unreadable partition is named and keeps its old rows, the others go on", async () => {
  for (const full of [false, true]) {
    await withLake(async (bench) => {
      await commit(bench, "create", rowsOf(300), KEY);
      await commit(bench, "create", rowsOf(5), OTHER);
      await refresh(bench);
      await commit(bench, "append", rowsOf(5, 5), OTHER);
      await truncate(await replaceFile(bench), 400);
      const result = await refresh(bench, { full });
      expect(result.failed).toMatchObject([{ partition: "aihub/책/raw/text", code: "corrupt" }]);
      expect(await query(bench, COUNTS)).toEqual([
        { dataset: "007", n: 10 },
        { dataset: "책", n: 300 },
      ]);
      await commit(bench, "replace", rowsOf(1), KEY);
      expect(await refresh(bench)).toMatchObject({ failed: [], rows: 11 });
    });
  }
});

test("a file that is damaged inside is found when it is loaded", () =>
  withLake(async (bench) => {
    await commit(bench, "create", rowsOf(5000), KEY);
    await commit(bench, "create", rowsOf(5), OTHER);
    await refresh(bench);
    await commit(bench, "replace", rowsOf(5000, 7), KEY);
    await commit(bench, "append", rowsOf(1, 5), OTHER);
    const path = join(bench.lake.layout.partition(KEY), "base-00000002.parquet");
    const bytes = await readFile(path);
    await writeFile(path, bytes.fill(0xff, 4, 200));
    const result = await refresh(bench);
    expect(result.failed).toMatchObject([{ code: "corrupt" }]);
    expect(
      await query(
        bench,
        "SELECT dataset, count(*) AS n, min(id) AS first FROM catalog GROUP BY dataset ORDER BY dataset",
      ),
    ).toEqual([
      { dataset: "007", n: 6, first: 0 },
      { dataset: "책", n: 5000, first: 0 },
    ]);
  }));

test("a commit between looking and loading is seen whole", () =>
  withLake(async (bench) => {
    for (const full of [true, false]) {
      await commit(bench, full ? "create" : "append", rowsOf(4), KEY);
      await commit(bench, full ? "create" : "append", rowsOf(4), OTHER);
      const onStep = async (step: string) => {
        if (step !== "load") return;
        await commit(bench, "replace", "SELECT 'v' AS v, 1 AS id", KEY);
        await rm(bench.lake.layout.partition(OTHER), { recursive: true });
      };
      expect(await refresh(bench, { full, onStep })).toMatchObject({ rows: 1, partitions: 1, failed: [] });
      expect(await query(bench, "SELECT v, id FROM catalog")).toEqual([{ v: "v", id: 1 }]);
      await rm(bench.lake.layout.partition(KEY), { recursive: true });
      await refresh(bench);
      if (full) {
        await commit(bench, "create", rowsOf(4), KEY);
        await commit(bench, "create", rowsOf(4), OTHER);
        await refresh(bench);
      }
    }
  }));

test("a partition of other columns that goes, or changes back, while it is loaded leaves no row behind", () =>
  withLake(async (bench) => {
    const folder = bench.lake.layout.partition(KEY);
    await commit(bench, "create", "SELECT 1 AS id");
    await refresh(bench);
    await commit(bench, "replace", "SELECT 'zwei' AS other");
    const changeBack = async (step: string) => {
      if (step === "load") await commit(bench, "replace", "SELECT 3 AS id FROM range(3)");
    };
    expect(await refresh(bench, { onStep: changeBack })).toMatchObject({ failed: [], rows: 3 });
    await commit(bench, "replace", "SELECT 'vier' AS other");
    const remove = async (step: string) => {
      if (step === "load") await rm(folder, { recursive: true });
    };
    expect(await refresh(bench, { onStep: remove })).toMatchObject({ failed: [], rows: 0, partitions: 0 });
    expect(
      await query(
        bench,
        "SELECT table_name FROM duckdb_tables() WHERE table_name LIKE 'rows%' AND estimated_size > 0",
      ),
    ).toEqual([]);
  }));

test("a published file that cannot be read, or has no local copy, is no hindrance", () =>
  withLake(async (bench) => {
    const { catalogFile } = bench.lake.layout;
    await commit(bench, "create", rowsOf(4));
    await refresh(bench);
    await rm(bench.settings.scratchFolder, { recursive: true });
    await commit(bench, "append", rowsOf(4, 4));
    expect(await refresh(bench)).toMatchObject({ generation: 2, rows: 8, refreshed: 1 });
    await rm(catalogFile);
    await writeFile(catalogFile, "not a database");
    const error = await catalogInfo(bench).catch((thrown) => thrown);
    expect(error.code).toBe("corrupt");
    const { generation, rows } = await refresh(bench, { logger: silentLogger });
    expect(rows).toBe(8);
    expect(generation).toBeGreaterThan(1);
  }));

test("two publishers exclude each other, and a WAL stops both", () =>
  withLake(async (bench) => {
    const { publishLease, catalogFile } = bench.lake.layout;
    await refresh(bench);
    const lease = await acquireLease(publishLease, { purpose: "a test" });
    const error = await refresh(bench, { waitMs: 0 }).catch((thrown) => thrown);
    expect(error.code).toBe("locked");
    const waiting = refresh(bench, { waitMs: 10_000 });
    await lease.release();
    expect(await waiting).toMatchObject({ generation: 1 });
    await commit(bench, "create", rowsOf(1));
    await writeFile(`${catalogFile}.wal`, "");
    const conflict = await refresh(bench).catch((thrown) => thrown);
    expect(conflict.code).toBe("conflict");
  }));

test("a refresh that dies at any step leaves the old catalog whole and the next one right", () =>
  withLake(async (bench) => {
    await commit(bench, "create", rowsOf(2));
    await refresh(bench);
    let rows = 2;
    for (const full of [false, true]) {
      const steps = ["look", "observe", "prepare", "load", "describe", "seal", "publish", "sweep"];
      for (const step of full ? ["load", "publish"] : steps) {
        await commit(bench, "append", rowsOf(1, rows));
        const onStep = (name: string) => {
          if (name === step) throw new Error("dies here");
        };
        await refresh(bench, { full, onStep, logger: silentLogger }).catch((error) =>
          expect(error.message).toBe("dies here"),
        );
        const [seen] = await query<{ n: number }>(bench, "SELECT count(*) AS n FROM catalog");
        expect([rows, rows + 1]).toContain(seen?.n ?? -1);
        rows++;
        expect(await refresh(bench)).toMatchObject({ rows, failed: [] });
        expect(await query(bench, "SELECT count(*) AS n FROM catalog")).toEqual([{ n: rows }]);
      }
    }
    const names = await readdir(bench.lake.root);
    expect(
      names.filter((name) => name.includes(".tmp-") || name.includes(".wal") || name.includes(".lease")),
    ).toEqual([]);
  }));

/** Writes `data.parquet` as a new file of the same content, as a restore would; gives its path. */
async function replaceFile(bench: Workbench): Promise<string> {
  const path = join(bench.lake.layout.partition(KEY), "data.parquet");
  await writeFile(`${path}.new`, await readFile(path));
  await rename(`${path}.new`, path);
  return path;
}
