import type { Database } from "./database.ts";
import { quoteText } from "./sql.ts";

/**
 * Runs work on the database; when that needs more memory than it may have, once more with one thread, then with all the
 * memory that there is for it (`mostMemory`). Row groups of large texts, and rows of thousands of columns, take several
 * times their size while they are read or written, once for each thread. `work` may run several times, but not behind a
 * failed COMMIT: what that did may stand in the database in part, and would under what comes after it.
 */
export async function retryWithLessMemory<T>(database: Database, work: () => Promise<T>): Promise<T> {
  let failure: unknown;
  try {
    return await work();
  } catch (error) {
    if (!mayRetry(error)) throw error;
    failure = error;
  }
  const [before] = await database.rows<{ threads: number; memory: string }>(
    "SELECT current_setting('threads') AS threads, current_setting('memory_limit') AS memory",
  );
  const { threads = 1, memory = "" } = before ?? {};
  const most = database.mostMemory;
  const steps = [
    ...(threads > 1 ? ["SET threads = 1"] : []),
    ...(most === undefined ? [] : [`SET memory_limit = ${quoteText(most)}`]),
  ];
  try {
    for (const step of steps) {
      await database.run(step);
      try {
        return await work();
      } catch (error) {
        if (!mayRetry(error)) throw error;
        failure = error;
      }
    }
    throw failure;
  } finally {
    await database.run(`SET threads = ${threads}`);
    if (most !== undefined) await database.run(`SET memory_limit = ${quoteText(memory)}`);
  }
}

function mayRetry(error: unknown): boolean {
  return isOutOfMemory(error) && !isFailedCommit(error);
}

const FAILED_COMMIT = "TransactionContext Error: Failed to commit: ";

/** Whether an error of the engine says that it may have no more memory; at a COMMIT it says so in other words. */
export function isOutOfMemory(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { message } = error;
  if (message.startsWith("Out of Memory Error")) return true;
  return /^(could not allocate|failed to allocate|failed to offload|Out of Memory)/.test(
    isFailedCommit(error) ? message.slice(FAILED_COMMIT.length) : "",
  );
}

/** Whether a COMMIT failed at the engine: what the transaction did may stand in the file in part. */
export function isFailedCommit(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith(FAILED_COMMIT);
}
