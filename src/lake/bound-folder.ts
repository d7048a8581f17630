import { readdir, rm, stat, utimes } from "node:fs/promises";
import { join } from "node:path";
import { isMissing } from "./files.ts";

/**
 * Removes the files of a folder of the cache that were not used for longest (by mtime), until the rest fits. Others may
 * remove files meanwhile.
 */
export async function boundFolder(folder: string, maxBytes: number): Promise<void> {
  const entries = await unlessMissing(readdir(folder, { recursive: true, withFileTypes: true }));
  const found = await Promise.all(
    (entries ?? [])
      .filter((entry) => entry.isFile())
      .map(async ({ parentPath, name }) => {
        const path = join(parentPath, name);
        const state = await unlessMissing(stat(path));
        return state && { path, size: state.size, mtimeMs: state.mtimeMs };
      }),
  );
  const files = found.filter((file) => file !== undefined).sort((a, b) => a.mtimeMs - b.mtimeMs);
  let total = files.reduce((sum, { size }) => sum + size, 0);
  for (const { path, size } of files) {
    if (total <= maxBytes) return;
    await rm(path, { force: true });
    total -= size;
  }
}

/** Marks a file of such a folder as used now, as far as this account may. */
export async function markUsed(path: string): Promise<void> {
  const now = new Date();
  await utimes(path, now, now).catch(() => {});
}

async function unlessMissing<T>(found: Promise<T>): Promise<T | undefined> {
  try {
    return await found;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}
