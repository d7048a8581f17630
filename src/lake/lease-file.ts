import { constants } from "node:fs";
import { type FileHandle, link, lstat, open, stat, unlink } from "node:fs/promises";
import { dirname } from "node:path";
import { AppError, systemCode } from "../errors.ts";
import { isMissing, isReadOnly } from "./files.ts";
import { giveOpenPermissions } from "./group.ts";
import { DEFAULT_MODES, type Modes } from "./modes.ts";
import { tempBeside, writeAtomic } from "./replace.ts";
import { freeName } from "./replaced.ts";
import { kindProblem, readText, SAFE_FLAGS } from "./staged-file.ts";

/** Represents a link, pipe or folder: lease holders create none of these, so the lease is not held. */
export const NO_LEASE = "no lease";
const LEASE_BYTES = 64 << 10;

/**
 * Text of a lease file; undefined if missing. Others may write to its folder: links and pipes are not opened.
 */
export async function readLease(path: string): Promise<string | undefined> {
  let handle: FileHandle;
  try {
    handle = await open(path, constants.O_RDONLY | SAFE_FLAGS);
  } catch (error) {
    if (isMissing(error)) return undefined;
    if (["ELOOP", "EMLINK", "ENXIO"].includes(systemCode(error) ?? "")) return NO_LEASE;
    throw error;
  }
  try {
    return await readOpenLease(handle);
  } finally {
    await handle.close();
  }
}

async function readOpenLease(handle: FileHandle): Promise<string> {
  const facts = await handle.stat();
  if (kindProblem(facts) !== undefined) return NO_LEASE;
  return readText(handle, Math.min(facts.size, LEASE_BYTES));
}

/**
 * Sets the mtime by the file server's clock, by rewriting the leading `{`. False if it is another holder's.
 */
export async function touchLease(path: string, id: string): Promise<boolean> {
  const handle = await open(path, constants.O_RDWR | SAFE_FLAGS);
  try {
    if (!(await readOpenLease(handle)).includes(`"${id}"`)) return false;
    await handle.write("{", 0);
    return true;
  } finally {
    await handle.close();
  }
}

export async function releaseOwn(path: string, id: string): Promise<void> {
  try {
    if ((await readLease(path))?.includes(`"${id}"`)) await freeName(path);
  } catch (error) {
    // A lease that cannot be removed counts as dead once this process has ended.
    if (!isMissing(error) && !isReadOnly(error)) throw error;
  }
}

/** Milliseconds since the file was touched, by the file server's clock; 0 if it is gone. */
export async function ageOf(path: string): Promise<number> {
  try {
    return (await fileServerNow(path)) - (await lstat(path)).mtimeMs;
  } catch (error) {
    if (isMissing(error)) return 0;
    throw error;
  }
}

export async function unlinkIfThere(path: string): Promise<void> {
  if (await isFolder(path)) {
    throw new AppError("conflict", `${path} is a folder where a lease should be; remove it`, {
      details: { path },
    });
  }
  try {
    await freeName(path);
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
}

async function isFolder(path: string): Promise<boolean> {
  return lstat(path).then(
    (facts) => facts.isDirectory(),
    () => false,
  );
}

/** Errors for a name that another process took first: sshfs may report EPERM, SMB EACCES. */
const LOST_RACE = new Set(["EEXIST", "EPERM", "EACCES", "ENOTEMPTY", "EBUSY"]);
const NO_LINKS = new Set(["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EMLINK"]);

/** Calls that take a name; file systems report a lost race differently. */
const SYSTEM = { link, open };

/** Creates a complete file under a free name; returns whether it did. `text` must be unique per attempt. */
export async function createExclusive(
  path: string,
  text: string,
  modes: Modes = DEFAULT_MODES,
  system = SYSTEM,
): Promise<boolean> {
  const temp = tempBeside(path);
  await writeAtomic(temp, text, modes);
  try {
    await system.link(temp, path);
    return true;
  } catch (error) {
    const code = systemCode(error) ?? "";
    // A retried request may be refused because of the file it created itself; compare the content.
    const present = LOST_RACE.has(code) ? await readLease(path) : undefined;
    if (present !== undefined) return present === text;
    if (code === "EEXIST" || code === "EBUSY") return false; // just removed, or about to be
    if (!NO_LINKS.has(code)) throw error;
    return await createByOpen(path, text, modes, system);
  } finally {
    await unlink(temp);
  }
}

/** The same without hard links, where others may see the file before it is complete. */
export async function createByOpen(
  path: string,
  text: string,
  modes: Modes = DEFAULT_MODES,
  system: Pick<typeof SYSTEM, "open"> = SYSTEM,
): Promise<boolean> {
  let handle: FileHandle;
  try {
    handle = await system.open(path, "wx", modes.file);
  } catch (error) {
    const code = systemCode(error) ?? "";
    if (code === "EEXIST" || (LOST_RACE.has(code) && (await isThere(path)))) return false;
    throw error;
  }
  try {
    await handle.writeFile(text);
    await giveOpenPermissions(handle, dirname(path), modes.file);
  } finally {
    await handle.close();
  }
  return true;
}

async function isThere(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  );
}

async function fileServerNow(path: string): Promise<number> {
  const temp = tempBeside(path);
  try {
    await (await open(temp, "wx")).close();
    return (await stat(temp)).mtimeMs;
  } catch {
    return Date.now(); // a reader without write permission has only its own clock
  } finally {
    await unlink(temp).catch(() => {});
  }
}
