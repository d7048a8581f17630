import type { Database } from "./database.ts";

/**
 * Runs work on the database; when that needs more memory than it may have, once more with one thread. Row groups of
 * large texts, and rows of thousands of columns, take several times their size while they are read or written, once for
 * each thread.
 */
export async function retryFrugally<T>(database: Database, work: () => Promise<T>): Promise<T> {
  let threads: number;
  try {
    return await work();
  } catch (error) {
    if (!isOutOfMemory(error)) throw error;
    const [setting] = await database.rows<{ threads: number }>(
      "SELECT current_setting('threads') AS threads",
    );
    threads = setting?.threads ?? 1;
    if (threads === 1) throw error;
  }
  await database.run("SET threads = 1");
  try {
    return await work();
  } finally {
    await database.run(`SET threads = ${threads}`);
  }
}

/** Whether an error of the engine says that it may have no more memory. */
export function isOutOfMemory(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith("Out of Memory Error");
}
