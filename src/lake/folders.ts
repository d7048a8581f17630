import { access, constants, lstat, mkdir, readdir, rename, rmdir, unlink } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { AppError, systemCode } from "../errors.ts";
import { mapConcurrent } from "../util/concurrent.ts";
import { exists, isHeld, isMissing, removeTree } from "./files.ts";
import { mountOf } from "./mount.ts";
import { goneOf } from "./replaced.ts";

/**
 * SMB cannot move a folder in which a file is open; SMB and sshfs cannot remove one. Both work once the file
 * is closed, and the errors do not depend on owners and modes.
 */

const HELD_MS = 5000;
const AGAIN_MS = 100;

/**
 * Renames a file or folder to a free name. Throws `in_use` if a program keeps it open, and system errors:
 * ENOENT, EEXIST or ENOTEMPTY for an existing target, EACCES without permission.
 */
export async function moveFolder(from: string, to: string, waitMs = HELD_MS): Promise<void> {
  const startedMs = performance.now();
  for (;;) {
    try {
      return await rename(from, to);
    } catch (error) {
      // Over NFS a rename may report an error after it succeeded: check before failing.
      if (isMissing(error) && !(await exists(from)) && (await exists(to))) return;
      if (!isHeld(error) || (await isThere(to)) || (await isOnLocalDisk(from))) throw error;
      if (performance.now() - startedMs > waitMs) {
        if (!(await mayMove(from, to))) throw error;
        throw new AppError(
          "in_use",
          `${from} cannot be moved (${systemCode(error)}), because a program has it open; close that program and try again`,
          { details: { errno: systemCode(error), path: from }, cause: error },
        );
      }
    }
    await Bun.sleep(AGAIN_MS);
  }
}

/** Whether this account can move folders between these places; then a reader causes the failure. */
async function mayMove(from: string, to: string): Promise<boolean> {
  const [trial, moved] = [goneOf(from), goneOf(to)];
  try {
    await access(from, constants.W_OK);
    await mkdir(trial);
    await rename(trial, moved);
    return true;
  } catch {
    return false;
  } finally {
    for (const path of [trial, moved]) await rmdir(path).catch(() => {});
  }
}

/** How long a removal waits for readers; what remains is removed by the next sweep. */
const LINGER_MS = 1000;

/**
 * Removes a file or folder recursively, if it exists. Files that are still open remain under a hidden name
 * until the next sweep. Throws system errors if this account may not remove it.
 */
export async function removeFolder(path: string, waitMs = LINGER_MS): Promise<void> {
  if (await isOnLocalDisk(path)) return removeTree(path);
  const startedMs = performance.now();
  for (;;) {
    const isLate = performance.now() - startedMs > waitMs;
    try {
      if (await removeOnce(path)) return;
      if (isLate || (await isKeptForReaders(path))) break;
    } catch (error) {
      if (!isHeld(error) || isLate) throw error;
    }
    await Bun.sleep(AGAIN_MS);
  }
  if (!basename(path).startsWith(".")) await rename(path, goneOf(path)).catch(() => {});
}

const IN_FLIGHT = 16;

/**
 * Tries once to remove everything below `path`; returns whether it is gone. Not a loop: FUSE renames a file
 * that is open again at each removal, so the folder would never become empty.
 */
async function removeOnce(path: string): Promise<boolean> {
  try {
    if (!(await lstat(path)).isDirectory()) await unlink(path);
    else {
      const names = await readdir(path);
      await mapConcurrent(names, IN_FLIGHT, (name) => removeOnce(join(path, name)));
      await rmdir(path);
    }
    return true;
  } catch (error) {
    if (isMissing(error)) return true;
    if (["ENOTEMPTY", "EEXIST", "EBUSY"].includes(systemCode(error) ?? "")) return false;
    throw error;
  }
}

/** `.fuse_hidden...` and `.nfs...`: a removed file that is still open on this machine. */
export function isKeptForReader(name: string): boolean {
  return /^\.(?:fuse_hidden|nfs)[0-9a-f]+$/.test(name);
}

async function isKeptForReaders(path: string): Promise<boolean> {
  try {
    for (const entry of await readdir(path, { withFileTypes: true })) {
      const isKept = entry.isDirectory()
        ? await isKeptForReaders(join(path, entry.name))
        : isKeptForReader(entry.name);
      if (!isKept) return false;
    }
    return true;
  } catch {
    return false;
  }
}

function isThere(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  );
}

function isOnLocalDisk(path: string): Promise<boolean> {
  return mountOf(dirname(path)).then(
    ({ isLocal }) => isLocal,
    () => true, // parent missing: nothing to remove or move
  );
}
