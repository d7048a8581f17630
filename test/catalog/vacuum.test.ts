import { expect, setDefaultTimeout, test } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { holdRowGroups, isVacuumDue } from "../../src/catalog/vacuum.ts";
import { commit, query, refresh, withLake } from "./lakes.ts";

setDefaultTimeout(120_000); // a machine that is busy elsewhere

test("row groups are merged by a checkpoint when they may be, and left alone while they are held", () =>
  withLake(async ({ database, folder }) => {
    const file = join(folder, "work.duckdb");
    await database.run(`ATTACH '${file}' AS work (STORAGE_VERSION 'v1.4.0')`);
    await database.run("CREATE TABLE work.lake AS SELECT 1 AS generation");
    await database.run("CREATE TABLE work.rows_1 AS SELECT range AS id FROM range(600000)");
    await database.run("CHECKPOINT work");
    const heldRows = async () => {
      const sql =
        "SELECT estimated_size AS rows FROM duckdb_tables() WHERE database_name = 'work' AND table_name = 'rows_1'";
      return (await database.rows<{ rows: number }>(sql))[0]?.rows;
    };
    expect(await isVacuumDue(database, "work", 600_000, 1)).toBe(false);
    expect(await isVacuumDue(database, "work", 600_000, 64)).toBe(true);
    const release = await holdRowGroups(database, "work");
    await database.run("DELETE FROM work.rows_1 WHERE id % 2 = 0");
    expect(await isVacuumDue(database, "work", 300_000, 1)).toBe(true);
    await database.run("CHECKPOINT work");
    release();
    expect(existsSync(`${file}.wal`)).toBe(false);
    expect(await heldRows()).toBe(600_000);
    await database.run("CHECKPOINT work");
    await database.run("DELETE FROM work.rows_1 WHERE id = 1");
    await database.run("CHECKPOINT work");
    expect(await heldRows()).toBeLessThan(400_000);
    expect(await database.rows("SELECT count(*) AS n FROM work.rows_1")).toEqual([{ n: 299_999 }]);
    await database.run("DETACH work");
  }));

test("rows that are added cost the writing of few others, time and again", () =>
  withLake(async (bench) => {
    const rows = (count: number) => `SELECT range AS id, md5(range::VARCHAR) AS text FROM range(${count})`;
    await commit(bench, "create", rows(110_000));
    await refresh(bench);
    const blocks = () =>
      query<{ group: number; blocks: string }>(
        bench,
        `SELECT row_group_id AS "group", string_agg(DISTINCT block_id, ' ' ORDER BY block_id) AS blocks
         FROM pragma_storage_info('rows_1') WHERE column_name = 'text' GROUP BY ALL ORDER BY ALL`,
      );
    for (let at = 0; at < 3; at++) {
      const before = await blocks();
      await commit(bench, "append", rows(10));
      await refresh(bench);
      const after = await blocks();
      expect(before.length).toBe(4);
      expect(after.slice(0, 3)).toEqual(before.slice(0, 3));
      expect(after[3]).not.toEqual(before[3]);
    }
  }));

test("a full build writes rows once and leaves no holes in the file", () =>
  withLake(async (bench) => {
    const text = Array.from({ length: 11 }, (_, at) => `sha256(range || '${at}')`).join(" || ");
    await commit(bench, "create", `SELECT range AS id, ${text} AS text FROM range(160000)`);
    await refresh(bench, { full: true });
    const sizes = "SELECT free_blocks AS free, total_blocks AS total FROM pragma_database_size()";
    const [size] = await query<{ free: number; total: number }>(bench, `${sizes} WHERE total_blocks > 0`);
    expect(Number(size?.total)).toBeGreaterThan(50);
    expect(Number(size?.free)).toBeLessThan(Number(size?.total) / 20);
  }));
