import { afterEach, beforeEach, expect, test } from "bun:test";
import { exists, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openDatabase } from "../../src/query/database.ts";

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
