import type { Database } from "../query/database.ts";

/**
 * Runs work on the database; when that needs more memory than it may have, once more with one thread. Row groups of
 * large texts take several times their size while they are read or written, once for each thread.
 */
export async function retryFrugally<T>(
  database: Database,
  threads: number,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (threads === 1 || !isOutOfMemory(error)) throw error;
  }
  await database.run("SET threads = 1");
  try {
    return await work();
  } finally {
    await database.run(`SET threads = ${threads}`);
  }
}

function isOutOfMemory(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith("Out of Memory Error");
}
