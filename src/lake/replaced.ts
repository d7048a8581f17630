import { constants } from "node:fs";
import { copyFile, readdir, rename, rm, stat, unlink } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { AppError, systemCode } from "../errors.ts";
import { syncFile } from "./durable.ts";
import { exists, isHeld, isMissing, isReadOnly } from "./files.ts";
import { linkExclusive } from "./link.ts";
import { mountOf } from "./mount.ts";
import { PROBE_PREFIX } from "./mount-probe.ts";

/**
 * Where a file cannot be renamed over while somebody has it open, who replaces it takes the old one away under
 * another name first. In between, the name is missing: for readers on other machines too, and for good when that
 * process dies. Who finds it so waits, and then gives the old one its name back.
 */

/** `.<name>.prev-<time>-<random>` beside `path`, for the file that had the name. */
export function asideOf(path: string): string {
  return hiddenBeside(path, "prev");
}

/** `.<name>.gone-<time>-<random>` beside `path`, for a file that is to be removed. */
export function goneOf(path: string): string {
  return hiddenBeside(path, "gone");
}

function hiddenBeside(path: string, what: "prev" | "gone"): string {
  const stamp = Date.now().toString(36).padStart(9, "0");
  return join(dirname(path), `.${basename(path)}.${what}-${stamp}-${crypto.randomUUID().slice(0, 8)}`);
}

const HIDDEN = /^\.(.+)\.(prev|gone)-([0-9a-z]{9})-[0-9a-f]{8}$/;

/** The name that a file set aside had; undefined for any other file. */
export function nameBefore(name: string): string | undefined {
  const [, before, what] = HIDDEN.exec(name) ?? [];
  return what === "prev" ? before : undefined;
}

/**
 * Removes a file, which may be open elsewhere, so that its name is free at once: on a network's file system it gets
 * another name first, for there the old one may stay until its reader closes it.
 */
export async function freeName(path: string): Promise<void> {
  if (await isLocal(path)) return unlink(path);
  const gone = goneOf(path);
  await rename(path, gone);
  await removeUnlessHeld(gone);
}

/** A writer that has not put the new file in its place by then is gone. */
const PUT_BACK_MS = 3000;
const GIVE_UP_MS = 10_000;
const LOOK_MS = 25;
/** FUSE file systems and network mounts miss a name for an instant while it is renamed over. */
const INSTANT_LOOKS = 3;

/**
 * Runs `read` on a file that others may replace; again, where it is missing only because of that. Throws what `read`
 * throws: a system error that says ENOENT, or an AppError caused by it, for a file that is not there.
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
 * Waits while `path` is missing because somebody replaces it, and gives the old file its name back where nobody
 * continues with that. Says whether the file is there.
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

/**
 * Gives the name back to what the file held, unless another has it by now: by a copy, for SMB opens no second name
 * of a file that somebody has open. A reader that may not write leaves it.
 */
export async function putBack(aside: string, path: string): Promise<void> {
  const copy = goneOf(path); // swept when this process dies
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

/** Files that had the name of `path`, the newest content first. */
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

/** Nobody is still at work with what is older. */
const LEFTOVER_MS = 60_000;

/**
 * Ends what processes that died left in `folder`: a file that was being replaced has its name again afterwards, and
 * what was set aside or tried there is removed.
 */
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

/** Removes a file or folder with all in it, unless somebody has it open: whoever sweeps next removes it then. */
export async function removeUnlessHeld(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true }).catch(() => {});
}
