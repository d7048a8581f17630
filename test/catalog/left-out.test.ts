import { expect, setDefaultTimeout, test } from "bun:test";
import { open, readFile, stat, utimes } from "node:fs/promises";
import { join } from "node:path";
import { catalogInfo } from "../../src/catalog/info.ts";
import { doesNotFit } from "../../src/catalog/load-partitions.ts";
import { refreshCatalog } from "../../src/catalog/refresh.ts";
import { examineLake } from "../../src/doctor/doctor.ts";
import { type LogFields, silentLogger } from "../../src/log.ts";
import { openDatabase } from "../../src/query/database.ts";
import { isFailedCommit } from "../../src/query/less-memory.ts";
import { commit, KEY, query, refresh, type Workbench, withLake } from "./lakes.ts";

setDefaultTimeout(240_000); // a machine that is busy elsewhere

const of = (dataset: string) => ({ ...KEY, dataset });

/** The bench with so much memory for the catalog. */
function withMemory(bench: Workbench, memory: string): Workbench {
  return { ...bench, settings: { ...bench.settings, database: { memory, threads: 1 } } };
}

const LARGE = "SELECT 1 AS id, repeat('x', 60_000_000) AS label";
const TIGHT = "64MB";

test("a partition that does not fit is left out by name, told, hides no other, and is tried again when that may help", () =>
  withLake(async (bench) => {
    await commit(bench, "create", LARGE, of("large"));
    await commit(bench, "create", "SELECT 1 AS id, 'small' AS label", of("small"));
    const tight = withMemory(bench, TIGHT);
    const first = await refresh(tight);
    const told = {
      code: "too_large",
      message: expect.stringMatching(/aihub\/large\/raw\/text .*64MB.*database\.memory/),
    };
    expect(first.failed).toEqual([{ partition: "aihub/large/raw/text", ...told }]);
    expect(first.rows).toBe(1);
    expect(await query(bench, "SELECT dataset, label FROM catalog")).toEqual([
      { dataset: "small", label: "small" },
    ]);
    expect((await catalogInfo(bench)).left_out).toEqual([{ ...of("large"), ...told }]);
    const checks = await Array.fromAsync(
      examineLake({ ...bench, full: true, signal: new AbortController().signal, onProgress: () => {} }),
    );
    expect(checks.filter(({ name, status }) => name === "catalog" && status !== "ok")).toEqual([
      expect.objectContaining({
        status: "problem",
        message: expect.stringContaining("aihub/large/raw/text"),
      }),
    ]);
    // Nothing changed: nothing is published.
    expect(await refresh(tight)).toMatchObject({ failed: first.failed, generation: first.generation });
    expect(await refresh(bench)).toMatchObject({ failed: [], rows: 2 });
    expect((await catalogInfo(bench)).left_out).toEqual([]);
    // Not even what was published fits now.
    expect(await refresh(tight, { full: true })).toMatchObject({ failed: first.failed, rows: 1 });
  }));

test("a partition whose values do not fit into the type in which they meet is left out by name, and hides no other", () =>
  withLake(async (bench) => {
    await commit(bench, "create", "SELECT DATE '5881580-07-10' AS day", of("days"));
    await commit(bench, "append", "SELECT TIMESTAMP '2024-05-01 09:30:00' AS day", of("days"));
    await commit(bench, "create", "SELECT 1 AS id", of("other"));
    const failed = {
      partition: "aihub/days/raw/text",
      code: "type_mismatch",
      message: expect.stringMatching(/^aihub\/days\/raw\/text .*5881580-07-10[^\n]*--mode replace$/),
    };
    for (const full of [false, true]) {
      expect(await refresh(bench, { full })).toMatchObject({ failed: [failed], rows: 1 });
      expect(await query(bench, "SELECT dataset FROM catalog")).toEqual([{ dataset: "other" }]);
    }
    await commit(bench, "replace", "SELECT DATE '2024-05-01' AS day", of("days"));
    expect(await refresh(bench)).toMatchObject({ failed: [], rows: 2 });
  }));

test("what does not fit into a small memory has all that there is", () =>
  withLake(async (bench) => {
    await commit(bench, "create", LARGE, of("large"));
    const initialLimits = { memory: TIGHT, threads: 2 };
    expect(await refresh(bench, { initialLimits })).toMatchObject({ failed: [], rows: 1 });
  }));

test("rows that were published stay when what is appended does not fit", () =>
  withLake(async (bench) => {
    await commit(bench, "create", "SELECT 1 AS id, 'one' AS label", of("a"));
    await refresh(bench);
    const rows = () => query(bench, `SELECT "@n" AS n, id, length(label) AS length FROM rows_1 ORDER BY id`);
    const before = await rows();
    await commit(bench, "append", LARGE.replace("1", "2"), of("a"));
    await commit(bench, "create", "SELECT 'b' AS other", of("b"));
    expect((await refresh(withMemory(bench, TIGHT))).failed.map(({ code }) => code)).toEqual(["too_large"]);
    expect(await rows()).toEqual(before);
    expect(await query(bench, "SELECT other FROM catalog WHERE dataset = 'b'")).toEqual([{ other: "b" }]);
    expect((await refresh(bench)).failed).toEqual([]);
    expect(await rows()).toEqual([
      ...before,
      expect.objectContaining({ id: 2, length: 60_000_000 }),
    ] as never);
  }));

test("one that does not fit at its COMMIT is left out, and nothing of the others is lost", () =>
  withLake(async (bench) => {
    const wide = (count: number) =>
      `SELECT ${Array.from({ length: 400 }, (_, at) => `'text ' || (range + ${at}) AS c${at}`).join(", ")} FROM range(${count})`;
    await commit(bench, "create", wide(100), of("wide"));
    await refresh(bench);
    await commit(bench, "append", wide(600), of("wide"));
    await commit(bench, "create", "SELECT 'b' AS other", of("b"));
    const warned: unknown[] = [];
    const logger = { ...silentLogger, warn: (_: string, fields?: LogFields) => warned.push(fields?.error) };
    const { failed, rows } = await refreshCatalog({ ...withMemory(bench, "100MB"), logger });
    expect(failed).toEqual([
      expect.objectContaining({ partition: "aihub/wide/raw/text", code: "too_large" }),
    ]);
    expect(rows).toBe(101);
    expect(warned.map((error) => isFailedCommit((error as Error).cause))).toEqual([true, false]);
    const counts = `SELECT (SELECT count(c7) FROM "aihub/wide") AS n, (SELECT count(other) FROM "aihub/b") AS b`;
    expect(await query(bench, counts)).toEqual([{ n: 100, b: 1 }]);
    expect(await refresh(bench)).toMatchObject({ failed: [], rows: 701 });
    expect(await query(bench, counts)).toEqual([{ n: 700, b: 1 }]);
  }));

test("a full disk under spilled rows is not taken for too little memory", () =>
  withLake(async ({ folder }) => {
    const failure = async (setting: string, sql: string) => {
      const database = await openDatabase({ scratch: join(folder, "tight"), memory: "32MB", threads: 1 });
      try {
        await database.run(setting);
        return await database.run(sql).catch((error) => error);
      } finally {
        database.close();
      }
    };
    const sort =
      "CREATE TABLE t AS SELECT hash(range) AS h, repeat('x', 100) AS x FROM range(2_000_000) ORDER BY h";
    const full = await failure("SET max_temp_directory_size = '1MB'", sort);
    expect(full.message).toContain("Out of Memory");
    expect(doesNotFit(full)).toBe(false);
    expect(
      doesNotFit(await failure("SELECT 1", "CREATE TABLE t AS SELECT repeat('x', 60_000_000) AS x")),
    ).toBe(true);
  }));

test("damaged partitions are told once, whatever their names, and loaded when they are mended", () =>
  withLake(async (bench) => {
    const names = ["a", "a-b", "a.c"];
    for (const name of names) await commit(bench, "create", "SELECT 1 AS id, 'text' AS label", of(name));
    const paths = names.map((name) => join(bench.lake.layout.partition(of(name)), "data.parquet"));
    const whole = await Promise.all(
      paths.map(async (path) => ({ bytes: await readFile(path), at: await stat(path) })),
    );
    /** Another content under the same size and time, as a disk or a copy may leave it. */
    const write = async (contents: (bytes: Buffer) => Uint8Array) => {
      for (const [at, path] of paths.entries()) {
        const { bytes, at: times } = whole[at] as (typeof whole)[number];
        const file = await open(path, "r+");
        await file.write(contents(bytes), 0, bytes.length, 0);
        await file.close();
        await utimes(path, times.atime, times.mtime);
      }
    };
    await write((bytes) => Buffer.concat([bytes.subarray(0, 4), Buffer.alloc(60, 1), bytes.subarray(64)]));
    const first = await refresh(bench);
    expect(first.failed.map(({ partition }) => partition).sort()).toEqual(
      names.map((name) => `aihub/${name}/raw/text`).sort(),
    );
    expect((await refresh(bench)).generation).toBe(first.generation);
    await write((bytes) => bytes);
    expect(await refresh(bench)).toMatchObject({ failed: [], rows: 3 });
  }));
