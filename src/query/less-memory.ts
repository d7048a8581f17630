import type { Database } from "./database.ts";
import { quoteText } from "./sql.ts";

/**
 * Runs work on the database. If it runs out of memory, retries with one thread, then with `mostMemory`. Row
 * groups of large texts and rows of thousands of columns take several times their size, once per thread.
 * `work` may run several times, but not after a failed COMMIT, which may have left part of the transaction.
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

/** Whether an engine error means out of memory; a COMMIT reports it differently. */
export function isOutOfMemory(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { message } = error;
  if (message.startsWith("Out of Memory Error")) return true;
  return /^(could not allocate|failed to allocate|failed to offload|Out of Memory)/.test(
    isFailedCommit(error) ? message.slice(FAILED_COMMIT.length) : "",
  );
}

/** Whether a COMMIT failed, possibly leaving part of the transaction in the file. */
export function isFailedCommit(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith(FAILED_COMMIT);
}
