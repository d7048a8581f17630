import { constants } from "node:fs";
import { copyFile, link, open, readFile, rm, stat } from "node:fs/promises";
import { AppError, systemCode, throwIfCancelled } from "../errors.ts";
import { hashBytes, hashFile } from "../lake/digest.ts";
import { ensureFolder, exists, isMissing } from "../lake/files.ts";
import type { Lake } from "../lake/lake.ts";
import type { UploadLayout } from "../lake/layout.ts";
import type { LocalPath } from "./legacy-names.ts";

/** Puts contents into an upload's `files/` under their SHA-256; safe to call for several at once. */
export interface ContentStager {
  /** The SHA-256 of bytes in memory, which may change after the promise settles. */
  stageBytes(bytes: Uint8Array): Promise<string>;
  /** The SHA-256 of a local file, taken by hard link or reflink where the file system can, else by one copy. */
  stageFile(path: LocalPath): Promise<string>;
  readonly staged: { fileCount: number; bytes: number };
}

export interface StagerOptions {
  lake: Lake;
  upload: UploadLayout;
  /** Whether the dataset holds these very bytes already: they are then not staged. */
  isStored: (sourceHash: string) => Promise<boolean>;
  signal?: AbortSignal;
}

/** Files up to this size are read once into memory; larger ones are hashed as a stream, then copied. */
const WHOLE_BYTES = 32 << 20;
const MODE_BITS = 0o777;

export async function createContentStager(options: StagerOptions): Promise<ContentStager> {
  const { lake, upload, isStored, signal } = options;
  const staged = { fileCount: 0, bytes: 0 };
  const folders = new Map<string, Promise<void>>();
  const device = (await stat(upload.folder)).dev;
  /** Ways to take a file that this file system refused once are not tried again. */
  const refused = { link: false, reflink: false };

  const target = async (hash: string) => {
    const prefix = hash.slice(0, 2);
    const path = upload.file(hash).stagedAt;
    let made = folders.get(prefix);
    if (!made) {
      made = ensureFolder(path.slice(0, -hash.length - 1), lake.modes);
      folders.set(prefix, made);
    }
    await made;
    return path;
  };
  /** One at a time for each hash: whoever writes owns the name. */
  const placing = new Map<string, Promise<void>>();
  const placeNew = async (hash: string, sizeBytes: number, write: (to: string) => Promise<void>) => {
    if (await isStored(hash)) return;
    const to = await target(hash);
    if (await exists(to)) return; // the same bytes came before
    await write(to);
    staged.fileCount++;
    staged.bytes += sizeBytes;
  };
  const place = async (hash: string, sizeBytes: number, write: (to: string) => Promise<void>) => {
    const others = placing.get(hash);
    const placed = others ?? placeNew(hash, sizeBytes, write).finally(() => placing.delete(hash));
    if (!others) placing.set(hash, placed);
    await placed;
    return hash;
  };
  const writeBytes = async (to: string, bytes: Uint8Array) => {
    const handle = await open(to, "wx", lake.modes.file);
    try {
      await handle.writeFile(bytes);
      await handle.chmod(lake.modes.file);
    } finally {
      await handle.close();
    }
  };
  const take = async (from: LocalPath, to: string, linkable: boolean) => {
    if (linkable && !refused.link) {
      if (await attempt(() => link(from, to))) return true;
      refused.link = true;
    }
    if (!refused.reflink) {
      const { COPYFILE_EXCL, COPYFILE_FICLONE_FORCE } = constants;
      if (await attempt(() => copyFile(from, to, COPYFILE_EXCL | COPYFILE_FICLONE_FORCE))) return true;
      refused.reflink = true;
    }
    return false;
  };

  return {
    staged,
    async stageBytes(bytes) {
      throwIfCancelled(signal);
      return place(hashBytes(bytes), bytes.length, (to) => writeBytes(to, bytes));
    },
    async stageFile(path) {
      throwIfCancelled(signal);
      const facts = await stat(path);
      if (!facts.isFile()) throw new AppError("invalid_input", `${path} is no file`);
      const whole = facts.size <= WHOLE_BYTES ? await readFile(path) : undefined;
      const hash = whole ? hashBytes(whole) : await hashFile(path, signal);
      return place(hash, facts.size, async (to) => {
        // One inode, one mode: only a file that looks like an asset already may become one.
        const linkable = (facts.mode & MODE_BITS) === lake.modes.asset && facts.dev === device;
        if (await take(path, to, linkable)) return;
        await rm(to, { force: true }); // what a refused reflink may have left
        if (whole) return writeBytes(to, whole);
        await copyFile(path, to, constants.COPYFILE_EXCL);
      });
    },
  };
}

/** False where the file system cannot do it. */
async function attempt(call: () => Promise<void>): Promise<boolean> {
  try {
    await call();
    return true;
  } catch (error) {
    const code = systemCode(error);
    if (code === "EEXIST" || code === "ENOSPC" || code === "EDQUOT" || isMissing(error)) throw error;
    return false;
  }
}
