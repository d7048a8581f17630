import { expect, setDefaultTimeout, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Database, openDatabase } from "../../src/query/database.ts";
import { isFailedCommit, retryWithLessMemory } from "../../src/query/less-memory.ts";

setDefaultTimeout(120_000); // a machine that is busy elsewhere

const COLUMNS = Array.from({ length: 400 }, (_, at) => `'text ' || (range + ${at}) AS c${at}`).join(", ");

/** A database file that has little memory, and may have more. */
async function withTight(use: (database: Database) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "datalake-memory-"));
  const database = await openDatabase({ scratch: folder, memory: "100MB", mostMemory: "2GB", threads: 1 });
  try {
    await database.run(`ATTACH '${join(folder, "file.duckdb")}' AS file (STORAGE_VERSION 'v1.4.0')`);
    await database.run(`CREATE TABLE file.wide AS SELECT ${COLUMNS} FROM range(100); CHECKPOINT file`);
    await use(database);
  } finally {
    database.close();
    await rm(folder, { recursive: true });
  }
}

test("work that needs more memory is done again with more", () =>
  withTight(async (database) => {
    let runs = 0;
    await retryWithLessMemory(database, async () => {
      runs++;
      await database.run(`INSERT INTO file.wide SELECT ${COLUMNS} FROM range(3000)`);
    });
    expect(runs).toBe(2);
    expect(await database.rows("SELECT count(c7) AS n FROM file.wide")).toEqual([{ n: 3100 }]);
    expect(await database.rows("SELECT current_setting('memory_limit') AS m")).toEqual([
      { m: expect.stringMatching(/^95/) },
    ]);
  }));

test("a COMMIT that failed is not followed by another in the same file", () =>
  withTight(async (database) => {
    let runs = 0;
    const failure = await retryWithLessMemory(database, async () => {
      runs++;
      await database.run("BEGIN");
      await database.run(`INSERT INTO file.wide SELECT ${COLUMNS} FROM range(600)`);
      await database.run("COMMIT");
    }).catch((error) => error);
    expect([runs, isFailedCommit(failure)]).toEqual([1, true]);
  }));
