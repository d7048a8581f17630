import { constants } from "node:fs";
import { copyFile, readdir, rename, rm, stat, unlink } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { AppError, systemCode } from "../errors.ts";
import { syncFile } from "./durable.ts";
import { exists, isHeld, isMissing, isReadOnly, removeTree } from "./files.ts";
import { linkExclusive } from "./link.ts";
import { mountOf } from "./mount.ts";
import { PROBE_PREFIX } from "./mount-probe.ts";

/**
 * Where an open file cannot be replaced by a rename, the writer first moves it aside. In between, the name is
 * missing: also for readers on other machines, and for good if the writer dies. A reader that finds it
 * missing waits, then restores the old file's name.
 */

/** `.<name>.prev-<time>-<random>` beside `path`, for the replaced file. */
export function asideOf(path: string): string {
  return hiddenBeside(path, "prev");
}

/** `.<name>.gone-<time>-<random>` beside `path`, for a file to be removed. */
export function goneOf(path: string): string {
  return hiddenBeside(path, "gone");
}

function hiddenBeside(path: string, what: "prev" | "gone"): string {
  const stamp = Date.now().toString(36).padStart(9, "0");
  return join(dirname(path), `.${basename(path)}.${what}-${stamp}-${crypto.randomUUID().slice(0, 8)}`);
}

const HIDDEN = /^\.(.+)\.(prev|gone)-([0-9a-z]{9})-[0-9a-f]{8}$/;

/** The former name of a file set aside; undefined for other files. */
export function nameBefore(name: string): string | undefined {
  const [, before, what] = HIDDEN.exec(name) ?? [];
  return what === "prev" ? before : undefined;
}

/**
 * Removes a file, possibly open elsewhere, so that its name is free at once: on network file systems it is
 * renamed first, because it may exist until its reader closes it.
 */
export async function freeName(path: string): Promise<void> {
  if (await isLocal(path)) return unlink(path);
  const gone = goneOf(path);
  await rename(path, gone);
  await removeUnlessHeld(gone);
}

/** A writer that takes longer to put the new file in place is dead. */
const PUT_BACK_MS = 3000;
const GIVE_UP_MS = 10_000;
const LOOK_MS = 25;
/** FUSE and network mounts briefly miss a name while it is renamed over. */
const INSTANT_LOOKS = 3;

/**
 * Runs `read` on a file that others may replace, repeating it while the file is only temporarily missing.
 * Throws what `read` throws: for a missing file a system error ENOENT, or an AppError caused by it.
 */
export async function readReplaced<T>(path: string, read: () => Promise<T>): Promise<T> {
  const startedMs = performance.now();
  for (let again = 0; ; again++) {
    if (again > 1) await Bun.sleep(LOOK_MS);
    try {
      return await read();
    } catch (error) {
      const isLate = performance.now() - startedMs > GIVE_UP_MS;
      if (!isGone(error) || isLate || !(await awaitReplaced(path))) throw error;
    }
  }
}

function isGone(error: unknown): boolean {
  if (error instanceof AppError) return error.cause !== undefined && isGone(error.cause);
  return isMissing(error) || systemCode(error) === "ESTALE";
}

/**
 * Waits out a replacement of `path`, restoring the old file if the writer died. Returns whether it exists.
 */
export async function awaitReplaced(path: string): Promise<boolean> {
  const startedMs = performance.now();
  for (let looks = 0; ; looks++) {
    if (await exists(path)) return true;
    const [aside] = await asidesOf(path);
    const waitedMs = performance.now() - startedMs;
    if (aside === undefined) {
      if (looks >= INSTANT_LOOKS || (await isLocal(path))) return exists(path);
    } else if (waitedMs > PUT_BACK_MS) {
      await putBack(aside, path);
      if (waitedMs > GIVE_UP_MS) return exists(path);
    }
    await Bun.sleep(LOOK_MS);
  }
}

/** Restores a file set aside if its name is free. By a copy: SMB opens no second name of an open file. */
export async function putBack(aside: string, path: string): Promise<void> {
  const copy = goneOf(path); // swept if this process dies
  try {
    await copyFile(aside, copy, constants.COPYFILE_EXCL);
    await syncFile(copy);
    await linkExclusive(copy, path);
    await rm(aside, { force: true });
  } catch (error) {
    if (!isMissing(error) && !isHeld(error) && !isReadOnly(error)) throw error;
  } finally {
    await removeUnlessHeld(copy);
  }
}

/** Files set aside from `path`, newest content first. */
async function asidesOf(path: string): Promise<string[]> {
  const folder = dirname(path);
  const names = await readdir(folder).catch(() => []);
  const found = names
    .filter((name) => nameBefore(name) === basename(path))
    .sort()
    .reverse()
    .map((name) => join(folder, name));
  if (found.length < 2) return found;
  const ages = await Promise.all(
    found.map(async (file) => ({ file, ms: (await stat(file).catch(() => undefined))?.mtimeMs ?? 0 })),
  );
  return ages.sort((a, b) => b.ms - a.ms).map(({ file }) => file);
}

function isLocal(path: string): Promise<boolean> {
  return mountOf(dirname(path)).then(
    (mount) => mount.isLocal,
    () => true, // no folder: nothing to wait for
  );
}

/** Older files belong to dead processes. */
const LEFTOVER_MS = 60_000;

/** Cleans up after dead processes in `folder`: restores files being replaced, removes other leftovers. */
export async function recoverReplaced(folder: string): Promise<void> {
  for (const name of await readdir(folder).catch(() => [])) {
    const [, before, what, stamp] = HIDDEN.exec(name) ?? [];
    if (before !== undefined && stamp !== undefined) {
      const isUseless = what === "gone" || (await awaitReplaced(join(folder, before)));
      const isOld = Date.now() - Number.parseInt(stamp, 36) > LEFTOVER_MS;
      if (isUseless && isOld) await removeUnlessHeld(join(folder, name));
    } else if (name.startsWith(PROBE_PREFIX)) {
      const facts = await stat(join(folder, name)).catch(() => undefined);
      if (facts !== undefined && Date.now() - facts.mtimeMs > LEFTOVER_MS)
        await removeUnlessHeld(join(folder, name));
    }
  }
}

/** Removes a file or folder recursively, unless it is open; a later sweep then removes it. */
export async function removeUnlessHeld(path: string): Promise<void> {
  await removeTree(path).catch(() => {});
}
