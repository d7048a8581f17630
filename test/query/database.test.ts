import { afterEach, beforeEach, expect, test } from "bun:test";
import { exists, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Database, openDatabase } from "../../src/query/database.ts";
import { beginInstance, spillFolder } from "../../src/query/instance.ts";

let scratch: string;

beforeEach(async () => {
  scratch = await mkdtemp(join(tmpdir(), "datalake-database-"));
});
afterEach(() => rm(scratch, { recursive: true, force: true }));

const nextTurn = () => new Promise<void>((resolve) => setImmediate(resolve));

test("closed later, an instance is closed when the process comes to it", async () => {
  const database = await openDatabase({ scratch });
  expect(await database.rows("SELECT 1 AS one")).toEqual([{ one: 1 }]);
  database.closeLater();
  await nextTurn();
  await expect((async () => database.rows("SELECT 1"))()).rejects.toThrow();
});

test("one that has spilled leaves nothing, whenever the process ends", async () => {
  const database = await openDatabase({ scratch, memory: "64MB", threads: 1 });
  const spill = join(scratch, `spill-${process.pid}`);
  await database.run(
    "CREATE TEMP TABLE wide AS SELECT r, repeat(md5(r::VARCHAR), 20) AS t FROM range(200000) t(r)",
  );
  expect(await exists(spill)).toBe(true);
  database.closeLater();
  expect(await exists(spill)).toBe(false);
});

test("more threads are there for all its connections once one of them has work for them", async () => {
  const database = await openDatabase({ scratch, threads: 1, mostThreads: 3 });
  const another = await database.connect();
  const threads = async () => (await another.rows("SELECT current_setting('threads') AS threads"))[0];
  expect(await threads()).toEqual({ threads: 1 });
  await database.spread();
  expect(await threads()).toEqual({ threads: 3 });
  await database.run("SET threads = 2");
  await another.spread();
  expect(await threads()).toEqual({ threads: 2 });
  another.close();
  database.close();
});

test("an instance that was begun is taken by who opens one like it, once", async () => {
  const options = { scratch, threads: 1, memory: "200MB" };
  beginInstance(options);
  const [other, first, second] = [
    await openDatabase({ ...options, threads: 2 }),
    await openDatabase(options),
    await openDatabase(options),
  ];
  const settings = async (database: Database) =>
    (
      await database.rows(
        "SELECT current_setting('threads') AS threads, current_setting('temp_directory') AS spill",
      )
    )[0];
  const spill = spillFolder(scratch);
  expect(await settings(other)).toEqual({ threads: 2, spill });
  expect(await settings(first)).toEqual({ threads: 1, spill });
  await first.run("CREATE TABLE mine AS SELECT 1 AS one");
  await expect(second.rows("FROM mine")).rejects.toThrow("mine");
  for (const database of [other, first, second]) database.close();
});
