import { constants } from "node:fs";
import { link, lstat, open, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { AppError, systemCode } from "../errors.ts";
import { syncFolder } from "./durable.ts";
import { exists, isHeld, isMissing, namesIn } from "./files.ts";
import { moveFolder } from "./folders.ts";
import { refreshListing } from "./fresh-listing.ts";
import { giveOpenPermissions } from "./group.ts";
import { linkExclusive } from "./link.ts";
import { DEFAULT_MODES, type Modes } from "./modes.ts";
import { mountOf, probeRenames } from "./mount.ts";
import { asideOf, putBack } from "./replaced.ts";

/** Rename functions; replaced in tests. */
export interface Renames {
  rename(from: string, to: string): Promise<void>;
  link(from: string, to: string): Promise<void>;
  /** Whether renames over open files work in this folder. */
  isSafe(folder: string): Promise<boolean>;
  heldMs: number;
}

const RENAMES: Renames = {
  rename,
  link,
  isSafe: async (folder) => {
    try {
      return (await probeRenames(folder)) === "safe";
    } catch {
      // No space or permission to probe.
      return (await mountOf(folder)).isLocal;
    }
  },
  heldMs: 5000,
};

export interface ReplaceOptions {
  /** Whether the file at this path has the new content; used if an error may hide a success. */
  isOurs?: (path: string) => Promise<boolean>;
  renames?: Renames;
}

export interface WriteOptions extends ReplaceOptions {
  /** Called directly before the new file is put in place; an error aborts. */
  confirm?: () => Promise<void>;
}

/**
 * Renames the complete, synced file `from` to `to`, replacing a file that may be open: readers keep the old
 * content or find the new. Where that fails for open files (SMB refuses, and removes the old file when its
 * reader closes), the old file is set aside first and `to` is missing for a moment, which `readReplaced`
 * handles. Does not sync the folder. Throws `locked` if the old file cannot be moved; `to` is then unchanged.
 */
export async function replaceFile(from: string, to: string, options: ReplaceOptions = {}): Promise<void> {
  const { renames = RENAMES } = options;
  if (!(await isFile(to)) || (await renames.isSafe(dirname(to)))) {
    try {
      return await renames.rename(from, to);
    } catch (error) {
      if (await arrived(from, to, options)) return;
      // Another machine may have it open exclusively.
      if (!isHeld(error) || !(await isFile(to)) || (await isOnLocalDisk(to))) throw error;
    }
  }
  await exchange(from, to, options);
}

/** A retried request may report an error about its own earlier success. */
async function arrived(from: string, to: string, { isOurs = isFile }: ReplaceOptions): Promise<boolean> {
  const isMoved = !(await exists(from).catch(() => true));
  return isMoved && (await isOurs(to).catch(() => false));
}

/** Others may replace the same file meanwhile, or restore the old one. */
const ROUNDS = 20;

async function exchange(from: string, to: string, options: ReplaceOptions): Promise<void> {
  const { renames = RENAMES } = options;
  const asides: string[] = [];
  try {
    for (let round = 0; round < ROUNDS; round++) {
      const aside = asideOf(to);
      if (await setAside(to, aside, renames)) asides.push(aside);
      const isPlaced = await linkExclusive(from, to, renames.link);
      if (!isPlaced && !(await options.isOurs?.(to).catch(() => false))) continue;
      // A reader may hold one; it is swept later.
      for (const file of [from, ...asides]) await rm(file, { force: true }).catch(() => {});
      return;
    }
    throw new AppError("locked", `${to} is replaced by other processes again and again; try again`, {
      details: { path: to },
    });
  } catch (error) {
    const newest = asides.at(-1);
    if (newest !== undefined) await putBack(newest, to);
    throw error;
  }
}

/** Moves the file at `to` aside; returns whether there was one. Waits for programs that keep it open. */
async function setAside(to: string, aside: string, { rename: move, heldMs }: Renames): Promise<boolean> {
  const startedMs = performance.now();
  for (;;) {
    try {
      await move(to, aside);
      return true;
    } catch (error) {
      if (isMissing(error)) return false;
      if (!isHeld(error)) throw error;
      if (performance.now() - startedMs > heldMs) throw heldError(to, error);
      await Bun.sleep(50);
    }
  }
}

function heldError(path: string, cause: unknown): AppError {
  return new AppError(
    "locked",
    `${path} cannot be replaced (${systemCode(cause)}): another program has it open, or this account may not change it; close that program, or check its permissions with \`datalake doctor\`, and run this again`,
    { details: { path }, cause },
  );
}

/** Whether it can be replaced, that is, is no folder. */
function isFile(path: string): Promise<boolean> {
  return lstat(path).then(
    (facts) => !facts.isDirectory(),
    () => false,
  );
}

function isOnLocalDisk(path: string): Promise<boolean> {
  return mountOf(dirname(path)).then((mount) => mount.isLocal);
}

/**
 * Replaces `path` by `data` atomically: temp file beside it, fsync, `replaceFile`, fsync of the folder.
 * Readers see the old or the new content. The temp name begins with a dot and never ends in `.parquet`.
 */
export async function writeAtomic(
  path: string,
  data: string | Uint8Array,
  modes: Modes = DEFAULT_MODES,
  { confirm, ...options }: WriteOptions = {},
): Promise<void> {
  const temp = tempBeside(path);
  try {
    const handle = await open(temp, "wx", modes.file);
    try {
      await handle.writeFile(data);
      await giveOpenPermissions(handle, dirname(temp), modes.file);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await confirm?.();
    await replaceFile(temp, path, { isOurs: (at) => holds(at, data), ...options });
  } catch (error) {
    await rm(temp, { force: true });
    // A new lock holder removes files prepared by others: report the lost lock in that case.
    if (isMissing(error)) await confirm?.();
    throw error;
  }
  await syncFolder(dirname(path));
}

async function holds(path: string, data: string | Uint8Array): Promise<boolean> {
  const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    return Buffer.from(data).equals(await handle.readFile());
  } finally {
    await handle.close();
  }
}

/** `.<name>.tmp-<random>` beside `path`. */
export function tempBeside(path: string): string {
  return `${tempPrefix(path)}${crypto.randomUUID().slice(0, 8)}`;
}

/** Whether `found` is a name that `tempBeside(path)` gives. */
export function isTempOf(found: string, path: string): boolean {
  return found.startsWith(tempPrefix(path));
}

function tempPrefix(path: string): string {
  return join(dirname(path), `.${basename(path)}.tmp-`);
}

/**
 * Removes temp files that others prepared beside `path`. Call it after taking a file's lock, before reading:
 * a host that lost the lock may still have a rename stuck in the network, which then fails.
 */
export async function dropPrepared(path: string): Promise<void> {
  const folder = dirname(path);
  await refreshListing(folder);
  for (const name of await namesIn(folder)) {
    const found = join(folder, name);
    if (isTempOf(found, path)) await rm(found, { force: true });
  }
}

/** Moves a file or folder of this process to a free name; its current name is of no use to others. */
export async function moveToFree(from: string, to: string): Promise<void> {
  await rename(from, to);
}

/** Moves a complete, synced file or folder and makes the move durable in both folders. */
export async function renameDurable(from: string, to: string): Promise<void> {
  await moveFolder(from, to);
  await syncFolder(dirname(to));
  if (dirname(from) !== dirname(to)) await syncFolder(dirname(from));
}
