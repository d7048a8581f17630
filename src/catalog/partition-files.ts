import { join } from "node:path";
import { systemCode } from "../errors.ts";
import { namesIn, removeTree } from "../lake/files.ts";
import { deltaFile, METADATA_FILE, sortPartitionNames } from "../lake/layout.ts";

/** What lies in a partition's folder, by names alone. */
export interface ListedFiles {
  /** The newest base. */
  base: string | undefined;
  /** Deltas that may be above it, ascending. */
  deltas: { version: number; path: string }[];
  /** Files that a newer base has made dead. */
  dead: string[];
  hasMetadata: boolean;
  /** The highest version that names speak of. */
  version: number;
}

/** The files of a partition's folder; none where there is no folder. */
export async function listPartitionFiles(folder: string): Promise<ListedFiles> {
  const names = await namesIn(folder);
  const { base, deltas, dead, version } = sortPartitionNames(names);
  return {
    base: base && join(folder, base),
    deltas: deltas.map((version) => ({ version, path: join(folder, deltaFile(version)) })),
    dead: dead.map((name) => join(folder, name)),
    hasMetadata: names.includes(METADATA_FILE),
    version,
  };
}

/** Somebody reads it, or has removed it meanwhile. */
const LEFT_CODES = new Set(["EACCES", "EBUSY", "ENOENT", "ENOTEMPTY", "EPERM"]);

/**
 * Removes dead files and gives those that stay, as where a file may not be removed while somebody has it open: readers go
 * by the newest base, and whoever comes next tries again.
 */
export async function removeDead(paths: readonly string[]): Promise<string[]> {
  const left: string[] = [];
  for (const path of paths) {
    try {
      await removeTree(path);
    } catch (error) {
      if (!LEFT_CODES.has(systemCode(error) ?? "")) throw error;
      left.push(path);
    }
  }
  return left;
}
