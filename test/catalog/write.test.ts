import { expect, setDefaultTimeout, test } from "bun:test";
import {
  chmod,
  copyFile,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  symlink,
  truncate,
  writeFile,
} from "node:fs/promises";
import { join } from "node:path";
import { compactIfDue, compactPartition } from "../../src/catalog/compact.ts";
import { isTidy } from "../../src/catalog/metadata.ts";
import { type PartitionState, readPartition } from "../../src/catalog/partition.ts";
import { writePartitionFile } from "../../src/catalog/write-file.ts";
import { readPartitionMetadata } from "../../src/lake/manifests.ts";
import { commit, KEY, refresh, withLake } from "./lakes.ts";

setDefaultTimeout(120_000); // a machine that is busy elsewhere

const rowsOf = (count: number, from = 0) =>
  `SELECT range AS id, 'r' || range AS text FROM range(${from}, ${from + count})`;

test("an upload makes a base, an append a delta, a replace a base that kills both", () =>
  withLake(async (bench) => {
    const { lake, database } = bench;
    expect(await readPartition(database, lake, KEY)).toBeUndefined();
    expect(await commit(bench, "append", rowsOf(3))).toMatchObject({ version: 1, rows: 3, replayed: false });
    expect((await commit(bench, "append", rowsOf(2, 3))).version).toBe(2);
    const state = await readPartition(database, lake, KEY);
    expect(state).toMatchObject({ version: 2, baseVersion: 1, rows: 5 });
    expect(state?.files.map((file) => file.name)).toEqual(["data.parquet", "data-00000002.parquet"]);
    expect(state?.uploads.map((entry) => [entry.version, entry.rows])).toEqual([
      [1, 3],
      [2, 2],
    ]);
    expect((await commit(bench, "replace", rowsOf(1, 9))).version).toBe(3);
    expect(await readPartition(database, lake, KEY)).toMatchObject({
      version: 3,
      baseVersion: 3,
      rows: 1,
      deadFiles: [],
    });
    expect((await readdir(lake.layout.partition(KEY))).sort()).toEqual([
      "_metadata.json",
      "base-00000003.parquet",
    ]);
    expect(await readPartitionMetadata(lake, KEY)).toMatchObject({ version: 3, base_version: 3, rows: 1 });
    expect((await stat(join(lake.layout.partition(KEY), "base-00000003.parquet"))).mode & 0o777).toBe(0o664);
  }));

test("what a newer base made dead is neither opened nor counted, and goes with the next refresh", () =>
  withLake(async (bench) => {
    const { lake, database } = bench;
    const folder = lake.layout.partition(KEY);
    await commit(bench, "create", rowsOf(3));
    await commit(bench, "append", rowsOf(2, 3));
    const kept = await readFile(join(folder, "data-00000002.parquet"));
    await commit(bench, "replace", rowsOf(4, 9));
    await commit(bench, "append", rowsOf(1, 13));
    // As a mount shows files that were removed while somebody reads them: listed, and not to be opened.
    await symlink("nowhere", join(folder, "data.parquet"));
    await symlink("nowhere", join(folder, "base-00000002.parquet"));
    await writeFile(join(folder, "data-00000002.parquet"), kept);
    const read = await readPartition(database, lake, KEY);
    expect(read).toMatchObject({ version: 4, baseVersion: 3, rows: 5 });
    expect(read?.deadFiles).toHaveLength(3);
    expect(await refresh(bench)).toMatchObject({ rows: 5, failed: [] });
    expect((await readdir(folder)).sort()).toEqual([
      "_metadata.json",
      "base-00000003.parquet",
      "data-00000004.parquet",
    ]);
  }));

test("a partition of version 0.1.0, whose base kept its name, goes on under new names", () =>
  withLake(async (bench) => {
    const { lake, database } = bench;
    const folder = lake.layout.partition(KEY);
    await commit(bench, "create", rowsOf(3));
    await commit(bench, "replace", rowsOf(4, 9));
    await commit(bench, "append", rowsOf(1, 13));
    await rename(join(folder, "base-00000002.parquet"), join(folder, "data.parquet"));
    await copyFile(join(folder, "data.parquet"), join(folder, "data-00000002.parquet"));
    await rm(join(folder, "_metadata.json"));
    expect(await readPartition(database, lake, KEY)).toMatchObject({ version: 3, baseVersion: 2, rows: 5 });
    const state = await readPartition(database, lake, KEY);
    if (state === undefined) throw new Error("no partition");
    await compactPartition(database, lake, state);
    expect((await readdir(folder)).sort()).toEqual(["_metadata.json", "base-00000003.parquet"]);
    expect(await readPartition(database, lake, KEY)).toMatchObject({ version: 3, baseVersion: 3, rows: 5 });
    expect((await commit(bench, "append", rowsOf(1, 14))).version).toBe(4);
  }));

test("a file of an upload that a base of the same version does not name is kept, for people to look at", () =>
  withLake(async (bench) => {
    const { lake, database } = bench;
    const [folder, other] = [KEY, { ...KEY, variant: "other" }].map((key) => lake.layout.partition(key)) as [
      string,
      string,
    ];
    await commit(bench, "create", rowsOf(3));
    await commit(bench, "append", rowsOf(2, 3));
    await commit(bench, "create", rowsOf(3), { ...KEY, variant: "other" });
    await commit(bench, "replace", rowsOf(4, 9), { ...KEY, variant: "other" });
    await copyFile(join(other, "base-00000002.parquet"), join(folder, "base-00000002.parquet"));
    const rival = join(folder, "data-00000002.parquet");
    expect(await readPartition(database, lake, KEY)).toMatchObject({ rows: 4, rivals: [rival] });
    expect(await refresh(bench)).toMatchObject({ rows: 8, failed: [] });
    await commit(bench, "append", rowsOf(1, 13));
    expect(await readPartition(database, lake, KEY)).toMatchObject({
      rows: 5,
      version: 3,
      rivals: [rival],
      deadFiles: [],
    });
  }));

test("create on what exists is refused and changes nothing", () =>
  withLake(async (bench) => {
    await commit(bench, "create", rowsOf(3));
    const error = await commit(bench, "create", rowsOf(4)).catch((thrown) => thrown);
    expect(error.code).toBe("partition_exists");
    expect(error.details.modes).toEqual(["append", "replace"]);
    expect(await readPartition(bench.database, bench.lake, KEY)).toMatchObject({ version: 1, rows: 3 });
  }));

test("says of a text column whether all of it is in Unicode form NFC", () =>
  withLake(async (bench) => {
    await commit(bench, "create", "SELECT '각' AS label, '각' AS note");
    await commit(bench, "append", `SELECT '${"각".normalize("NFD")}' AS label, '👍🏽' AS note`);
    const state = await readPartition(bench.database, bench.lake, KEY);
    expect(state?.columns.map(({ name, nfc }) => [name, nfc])).toEqual([
      ["label", false],
      ["note", true],
    ]);
  }));

test("columns of all files meet, with the nulls of each counted", () =>
  withLake(async (bench) => {
    await commit(
      bench,
      "create",
      "SELECT 1::INTEGER AS n, NULL::STRUCT(a INTEGER) AS s, NULL::INTEGER AS later",
    );
    await commit(
      bench,
      "append",
      "SELECT * FROM (VALUES (2.5::DOUBLE, ['a', NULL], 'x'), (NULL, NULL, 'y')) t(n, words, later)",
    );
    const state = await readPartition(bench.database, bench.lake, KEY);
    expect(state?.columns).toEqual([
      { name: "n", type: "DOUBLE", nulls: 1 },
      { name: "s", type: "STRUCT(a INTEGER)", nulls: 3 },
      { name: "later", type: "VARCHAR", nulls: 1, nfc: true },
      { name: "words", type: "VARCHAR[]", nulls: 2 },
    ]);
    expect(state?.features).toEqual({
      n: { dtype: "float64", _type: "Value" },
      s: { a: { dtype: "int32", _type: "Value" } },
      later: { dtype: "string", _type: "Value" },
      words: { feature: { dtype: "string", _type: "Value" }, _type: "Sequence" },
    });
  }));

test("compaction keeps rows, order, version and log", () =>
  withLake(async (bench) => {
    const { lake, database } = bench;
    await commit(bench, "create", rowsOf(5000));
    expect(await compactIfDue(database, lake, KEY)).toBe(false);
    await commit(bench, "append", rowsOf(5000, 5000));
    await commit(bench, "append", `SELECT range AS id, 'x' AS more FROM range(10000, 10003)`);
    const before = await readPartition(database, lake, KEY);
    expect(await compactIfDue(database, lake, KEY)).toBe(true);
    const after = await readPartition(database, lake, KEY);
    expect(after).toMatchObject({
      version: 3,
      baseVersion: 3,
      rows: 10003,
      columns: before?.columns,
      uploads: before?.uploads,
    });
    expect(after?.files).toHaveLength(1);
    const rows = await database.rows(
      `SELECT count(*) AS n, bool_and(id = place) AS ordered FROM (SELECT id, row_number() OVER () - 1 AS place FROM read_parquet('${after?.files[0]?.path}'))`,
    );
    expect(rows).toEqual([{ n: 10003, ordered: true }]);
  }));

test("a chain of commits that each know the one before ends in what the files say", () =>
  withLake(async (bench) => {
    const { lake, database } = bench;
    let state: PartitionState | undefined;
    const steps = [
      ["create", "SELECT 1 AS n"],
      ["append", "SELECT 'x' AS text, [1] AS l"],
      ["append", "SELECT 2.5::DOUBLE AS n"],
      ["replace", "SELECT 3 AS n WHERE false"],
      ["append", "SELECT 4 AS n"],
    ] as const;
    for (const [mode, select] of steps) {
      ({ state } = await commit(bench, mode, select, KEY, { state }));
      expect(state).toEqual((await readPartition(database, lake, KEY)) as PartitionState);
      expect(await isTidy(lake, state)).toBe(true);
    }
    expect(state?.uploads.map((entry) => entry.version)).toEqual([4, 5]);
  }));

test("the same rows give the same bytes on any number of threads", () =>
  withLake(async ({ database, folder }) => {
    await database.run(
      `COPY (SELECT range AS id, md5(range::VARCHAR) AS text, [range, NULL] AS l FROM range(300000)) TO '${folder}/in.parquet' (FORMAT parquet)`,
    );
    const hashes = new Set<string>();
    for (const threads of [1, 2, 4]) {
      await database.run(`SET threads = ${threads}`);
      const file = await writePartitionFile(database, {
        select: `SELECT * FROM read_parquet('${folder}/in.parquet')`,
        target: join(folder, "out.tmp"),
        key: { format: 1, kind: "base", version: 1, rows: 300000, uploads: [] },
        features: {},
      });
      hashes.add(file.sha256);
    }
    expect(hashes.size).toBe(1);
  }));

test("large rows make small row groups, special types plain ones", () =>
  withLake(async ({ database, folder }) => {
    await database.run(
      `CREATE TABLE wide AS SELECT range AS id, CASE WHEN range < 3000 THEN '' ELSE repeat(md5(range::VARCHAR), 800) END AS text, uuid() AS u, TIMESTAMPTZ '2020-01-01 09:00:00+09' AS t, '{}'::JSON AS j, 'x' AS task FROM range(9000)`,
    );
    const file = await writePartitionFile(database, {
      select: "SELECT * FROM wide ORDER BY id",
      target: join(folder, "out.tmp"),
      key: { format: 1, kind: "base", version: 1, rows: 9000, uploads: [] },
      features: {},
    });
    expect(file.columns.map((column) => column.type)).toEqual([
      "BIGINT",
      "VARCHAR",
      "VARCHAR",
      "TIMESTAMP",
      "VARCHAR",
    ]);
    const [groups] = await database.rows<{ n: number }>(
      `SELECT count(DISTINCT row_group_id) AS n FROM parquet_metadata('${folder}/out.tmp')`,
    );
    expect(groups?.n).toBeGreaterThan(1);
    expect(
      await database.rows(`SELECT DISTINCT t::VARCHAR AS t FROM read_parquet('${folder}/out.tmp')`),
    ).toEqual([{ t: "2020-01-01 00:00:00" }]);
  }));

test("a truncated file is corrupt, named, and a replace heals it", () =>
  withLake(async (bench) => {
    await commit(bench, "create", rowsOf(1000));
    const path = join(bench.lake.layout.partition(KEY), "data.parquet");
    await chmod(path, 0o664);
    await truncate(path, 500);
    const error = await commit(bench, "append", rowsOf(1)).catch((thrown) => thrown);
    expect([error.code, error.details.path]).toEqual(["corrupt", path]);
    expect((await commit(bench, "replace", rowsOf(2))).version).toBe(2);
    expect(
      JSON.parse(await readFile(join(bench.lake.layout.partition(KEY), "_metadata.json"), "utf8")).rows,
    ).toBe(2);
  }));
