import { constants } from "node:fs";
import { copyFile, mkdir, readdir, rm } from "node:fs/promises";
import { basename, join } from "node:path";
import { isMissing } from "../lake/files.ts";
import type { Lake } from "../lake/lake.ts";
import { moveToFree, replaceFile } from "../lake/replace.ts";

/**
 * The local copy of the last published catalog. A refresh changes it and copies it to the lake, so that the published
 * file is not fetched first. It is named by the lake and by the identity of the content that it equals; under any other
 * name it is worth nothing.
 */
export interface ScratchCatalog {
  /** The file being built. */
  work: string;
  /** Starts from an empty work file. */
  clear(): Promise<void>;
  /** Starts from the published file with this identity; copies it when it is not here. */
  take(identity: string): Promise<void>;
  /** Keeps the work file as the copy of the published file with this identity, in the place of all others. */
  keep(identity: string): Promise<void>;
}

/** Scratch files of one lake and one published file in `folder`, on local disk. The publish lease must be held by whoever uses them. */
export async function openScratch(
  lake: Lake,
  folder: string,
  published = lake.layout.catalogFile,
): Promise<ScratchCatalog> {
  await mkdir(folder, { recursive: true });
  const prefix = `${basename(published, ".duckdb")}-${Bun.hash(lake.root).toString(16).padStart(16, "0")}`;
  const work = join(folder, `${prefix}.work`);
  const copyOf = (identity: string) => join(folder, `${prefix}.of-${identity}`);
  const clear = async () => {
    await rm(work, { force: true });
    await rm(`${work}.wal`, { force: true });
  };
  return {
    work,
    clear,
    take: async (identity) => {
      await clear();
      try {
        await moveToFree(copyOf(identity), work);
      } catch (error) {
        if (!isMissing(error)) throw error;
        await copyFile(published, work, constants.COPYFILE_FICLONE);
      }
    },
    keep: async (identity) => {
      await replaceFile(work, copyOf(identity));
      for (const name of await readdir(folder)) {
        const path = join(folder, name);
        if (name.startsWith(`${prefix}.`) && path !== copyOf(identity)) await rm(path, { force: true });
      }
    },
  };
}
