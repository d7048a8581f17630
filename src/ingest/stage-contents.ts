import { constants } from "node:fs";
import { copyFile, open, readFile, rm, stat } from "node:fs/promises";
import { AppError, systemCode, throwIfCancelled } from "../errors.ts";
import { hashBytes, hashFile } from "../lake/digest.ts";
import { ensureFolder, isMissing } from "../lake/files.ts";
import { givePermissions, groupToGive, ignoreUnsettable } from "../lake/group.ts";
import type { Lake } from "../lake/lake.ts";
import type { UploadLayout } from "../lake/layout.ts";
import type { LocalPath } from "./legacy-names.ts";

/** Puts contents into an upload's `files/` under their SHA-256; safe to call for several at once. */
export interface ContentStager {
  /** The SHA-256 of bytes in memory, which may change after the promise settles. */
  stageBytes(bytes: Uint8Array): Promise<string>;
  /**
   * The SHA-256 of a local file, taken by reflink where the file system can, else by one copy: never by a hard link, for
   * its owner may change his file later.
   */
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

export async function createContentStager(options: StagerOptions): Promise<ContentStager> {
  const { lake, upload, isStored, signal } = options;
  const staged = { fileCount: 0, bytes: 0 };
  const folders = new Map<string, Promise<unknown>>();
  /** A way to take a file that this file system refused once is not tried again. */
  const refused = { reflink: false };
  /** What was given to the first content beyond what it had by itself; all others lack the same. */
  let lacking: { mode: boolean; group: number | undefined } | undefined;

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
    try {
      await write(to);
    } catch (error) {
      if (systemCode(error) === "EEXIST") return; // the same bytes came before
      throw error;
    }
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
  // Read-only from its begin: where the server's account makes it, its inode may become the asset.
  const mode = lake.modes.asset;
  const writeBytes = async (to: string, bytes: Uint8Array) => {
    const handle = await open(to, "wx", mode & 0o755);
    try {
      await handle.writeFile(bytes);
      if (lacking === undefined) {
        const [above, made] = await Promise.all([stat(upload.folder), handle.stat()]);
        lacking = { mode: (made.mode & 0o777) !== mode, group: groupToGive(above, made) };
      }
      if (lacking.group !== undefined) await handle.chown(-1, lacking.group).catch(() => {});
      if (lacking.mode) await handle.chmod(mode).catch(ignoreUnsettable);
    } finally {
      await handle.close();
    }
  };
  const take = async (from: LocalPath, to: string) => {
    if (refused.reflink) return false;
    const { COPYFILE_EXCL, COPYFILE_FICLONE_FORCE } = constants;
    if (await attempt(() => copyFile(from, to, COPYFILE_EXCL | COPYFILE_FICLONE_FORCE))) return true;
    refused.reflink = true;
    await rm(to, { force: true }); // what it may have left
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
        if (!(await take(path, to))) {
          if (whole) return writeBytes(to, whole);
          await copyFile(path, to, constants.COPYFILE_EXCL);
        }
        await givePermissions(to, mode);
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
