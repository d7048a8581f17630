import { lstat, mkdir, readdir, rm, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { systemCode } from "../errors.ts";
import { givePermissions } from "./group.ts";
import { DEFAULT_MODES, type Modes } from "./modes.ts";

/** Resolves when all requested folders are created. */
let making: Promise<unknown> = Promise.resolve();

/**
 * Creates a folder and its parents with the lake's folder mode and group, unless it exists. Returns the
 * created ones. Calls are serialized: a folder created in one without its final group would get the wrong
 * group.
 */
export function ensureFolder(path: string, modes: Modes = DEFAULT_MODES): Promise<string[]> {
  const made = making.then(() => makeFolder(path, modes));
  making = made.catch(() => {});
  return made;
}

async function makeFolder(path: string, modes: Modes): Promise<string[]> {
  const first = await mkdir(path, { recursive: true });
  if (first === undefined) return [];
  const made: string[] = [];
  for (let at = path; at.length >= first.length; at = dirname(at)) made.unshift(at);
  for (const folder of made) await givePermissions(folder, modes.folder);
  return made;
}

export async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}

export function isMissing(error: unknown): boolean {
  const code = systemCode(error);
  return code === "ENOENT" || code === "ENOTDIR";
}

/** Whether an error means that the whole file system is read-only. */
export function isReadOnly(error: unknown): boolean {
  return systemCode(error) === "EROFS";
}

/** Whether an error may mean that a program has the entry open, on file systems that then refuse changes. */
export function isHeld(error: unknown): boolean {
  return ["EACCES", "EPERM", "EBUSY", "ETXTBSY"].includes(systemCode(error) ?? "");
}

/** The entries of a folder; none if it does not exist. */
export async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

/** The same without hidden names, which belong to unfinished work. */
export async function shownNamesIn(folder: string): Promise<string[]> {
  return (await namesIn(folder)).filter((name) => !name.startsWith("."));
}

/** How often a folder is removed again of which others remove entries at the same time. */
const REMOVALS = 10;

/** Removes a file or folder recursively, if it exists; also while others remove parts of it. */
export async function removeTree(path: string): Promise<void> {
  for (let removal = 1; removal <= REMOVALS; removal++) {
    // Where an entry is gone when its turn comes, the runtime leaves off, and reports success.
    await rm(path, { recursive: true, force: true });
    if (!(await isFolder(path))) return;
  }
}

function isFolder(path: string): Promise<boolean> {
  return lstat(path).then(
    (facts) => facts.isDirectory(),
    () => false,
  );
}
