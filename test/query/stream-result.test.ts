import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Database, interruptible, openDatabase } from "../../src/query/database.ts";

let folder: string;
let database: Database;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "datalake-stream-"));
  database = await openDatabase({ scratch: folder, threads: 2 });
  await database.run("CREATE TABLE t AS SELECT range AS n, repeat('x', 100) AS text FROM range(1000000)");
});

afterAll(async () => {
  database.close();
  await rm(folder, { recursive: true, force: true });
});

/** Rows until the end, or the code of what ended them. */
async function read(sql: string, onRows: (rowCount: number) => void = () => {}): Promise<number | string> {
  try {
    const result = await database.stream(sql);
    let rowCount = 0;
    for await (const chunk of result) {
      rowCount += chunk.rowCount;
      onRows(rowCount);
    }
    return rowCount;
  } catch (error) {
    return (error as { code: string }).code;
  }
}

test("a whole result is as long as it is", async () => {
  expect(await read("FROM t")).toBe(1_000_000);
  expect(await read("FROM t WHERE false")).toBe(0);
});

test("an error in the middle is not an end", async () => {
  expect(await read("SELECT CASE WHEN n = 500000 THEN error('late') ELSE text END FROM t")).toBe(
    "engine_failed",
  );
});

test("an interrupt in the middle is not an end", async () => {
  const controller = new AbortController();
  const reading = async () => {
    const rows = await read("FROM t", (rowCount) => {
      if (rowCount > 100_000 && !controller.signal.aborted) database.connection.interrupt();
    });
    if (typeof rows === "string") throw new Error(rows);
    return rows;
  };
  expect(await reading().catch((error: Error) => error.message)).toBe("engine_failed");
  const cancelled = interruptible(database, controller.signal, () =>
    database.stream("FROM t").then(async (result) => {
      for (let count = 0; ; count++) {
        const chunk = await result.fetchChunk();
        if (chunk === null || chunk.rowCount === 0) return "ended";
        if (count === 10) controller.abort();
      }
    }),
  );
  expect(await cancelled.catch((error) => error.code)).toBe("cancelled");
});
