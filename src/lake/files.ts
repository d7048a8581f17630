import { constants } from "node:fs";
import { link, mkdir, open, readdir, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import * as v from "valibot";
import { AppError, systemCode } from "../errors.ts";
import { checkValue } from "../schema/check.ts";
import { describeProblem } from "../schema/describe-issue.ts";
import { nestsDeeper } from "../util/json-depth.ts";
import { syncFolder } from "./durable.ts";
import { giveOpenPermissions, givePermissions } from "./group.ts";
import { DEFAULT_MODES, type Modes } from "./modes.ts";

/** Ends when the folders asked for so far are made. */
let making: Promise<unknown> = Promise.resolve();

/**
 * Creates a folder and those above it with the lake's folder mode and group; an existing one is left as it is. Gives
 * those made. One call after the other: what another call makes below a folder that has not got its group yet would get
 * the wrong one.
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

/**
 * Replaces `path` by `data` in one step: temp file beside it, fsync, rename, fsync of the folder. Readers see the old
 * content or the new. The temp name begins with a dot and never ends in `.parquet`.
 */
export async function writeAtomic(
  path: string,
  data: string | Uint8Array,
  modes: Modes = DEFAULT_MODES,
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
    await rename(temp, path);
  } catch (error) {
    await rm(temp, { force: true });
    throw error;
  }
  await syncFolder(dirname(path));
}

/** `.<name>.tmp-<random>` in the folder of `path`. */
export function tempBeside(path: string): string {
  return join(dirname(path), `.${basename(path)}.tmp-${crypto.randomUUID().slice(0, 8)}`);
}

export async function writeJson(path: string, value: unknown, modes: Modes = DEFAULT_MODES): Promise<void> {
  await writeAtomic(path, `${JSON.stringify(value, null, 2)}\n`, modes);
}

/** Reads and checks a JSON file; undefined when there is none. Throws `corrupt` naming file and field otherwise. */
export async function readJson<S extends v.GenericSchema>(
  path: string,
  schema: S,
): Promise<v.InferOutput<S> | undefined> {
  try {
    return parseJson(path, await readRegular(path), schema);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** No document of a lake is larger; a job of a million uploads has less. */
const MAX_JSON_BYTES = 256 << 20;

/** Somebody's pipe in the place of a file would be waited for without end. */
async function readRegular(path: string): Promise<string> {
  const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const facts = await handle.stat();
    if (facts.isFile() && facts.size <= MAX_JSON_BYTES) return await handle.readFile("utf8");
    const what = facts.isFile() ? `has ${facts.size} bytes` : "is no file";
    throw new AppError("corrupt", `${path} ${what}; restore or remove it`, { details: { path } });
  } finally {
    await handle.close();
  }
}

/** Deeper than the features of any dataset. */
const MAX_JSON_DEPTH = 256;

/** Checks the text of a JSON file. Throws `corrupt` naming file and field (`details.problem` says it without the path). */
export function parseJson<S extends v.GenericSchema>(
  path: string,
  text: string,
  schema: S,
): v.InferOutput<S> {
  const refuse = (problem: string, cause?: unknown) =>
    new AppError("corrupt", `${path} ${problem}; restore or remove the file`, {
      details: { path, problem },
      cause,
    });
  if (nestsDeeper(text, MAX_JSON_DEPTH)) throw refuse(`nests deeper than ${MAX_JSON_DEPTH} levels`);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw refuse("is not JSON", cause);
  }
  const result = checkValue(schema, value);
  if (result.success) return result.output;
  const issue = result.issues[0];
  const where = v.getDotPath(issue);
  throw refuse(`is wrong${where === null ? "" : ` at ${where}`}: ${describeProblem(issue)}`);
}

/** Moves a complete, synced file or folder to its name and makes the move durable in both folders. */
export async function renameDurable(from: string, to: string): Promise<void> {
  await renameSure(from, to);
  await syncFolder(dirname(to));
  if (dirname(from) !== dirname(to)) await syncFolder(dirname(from));
}

/** Over NFS a rename may report an error after it happened: look before believing it. */
async function renameSure(from: string, to: string): Promise<void> {
  try {
    await rename(from, to);
  } catch (error) {
    if (systemCode(error) === "ENOENT" && !(await exists(from)) && (await exists(to))) return;
    throw error;
  }
}

/**
 * Gives the file `from` the name `to` unless something has it already; says whether it did. `from` may remain as a
 * second name of the same file: the caller removes it when done. Falls back to an exclusive rename where the file
 * system has no hard links.
 */
export async function linkExclusive(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    const code = systemCode(error) ?? "";
    if (code === "EEXIST") return false;
    if (!["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EMLINK"].includes(code)) throw error;
    return renameExclusive(from, to);
  }
}

/** The placeholder made with O_EXCL claims the name, so two of these never overwrite each other. */
async function renameExclusive(from: string, to: string): Promise<boolean> {
  const claim = `${to}.claim`;
  try {
    await (await open(claim, "wx")).close();
  } catch (error) {
    if (systemCode(error) === "EEXIST") return false;
    throw error;
  }
  try {
    if (await exists(to)) return false;
    await rename(from, to);
    return true;
  } finally {
    await rm(claim, { force: true });
  }
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

/** Whether an error says that the whole file system may only be read. */
export function isReadOnly(error: unknown): boolean {
  return systemCode(error) === "EROFS";
}

/** What stands in a folder; nothing in one that is not there. */
export async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

/** The same without hidden names: those are of work on its way. */
export async function shownNamesIn(folder: string): Promise<string[]> {
  return (await namesIn(folder)).filter((name) => !name.startsWith("."));
}

/** Removes a file or a folder with all in it; nothing there is fine. */
export async function removeTree(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true });
}
