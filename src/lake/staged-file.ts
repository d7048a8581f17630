import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readlinkSync,
  readSync,
  realpathSync,
  type Stats,
} from "node:fs";
import { type FileHandle, lstat, open } from "node:fs/promises";
import { dirname, join, relative, sep } from "node:path";
import type * as v from "valibot";
import { AppError, systemCode } from "../errors.ts";
import { isMissing } from "./files.ts";
import { lookAtJson } from "./json-file.ts";
import type { StagedPath } from "./layout.ts";
import { type Look, seeWhole, type View } from "./view.ts";

/**
 * Anyone with write access to staging may put anything there: links to files that only the server may read,
 * pipes that block, files that change while being read. So staged files are opened only here, and read only
 * from the descriptor.
 */

/** Neither waits for pipes nor follows links. */
export const SAFE_FLAGS = constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** Limit for `upload.json`, `error.json` etc.: a thousand times the size of one with many columns. */
export const MANIFEST_BYTES = 16 << 20;

/** An open staged file: regular, in its place, and within the size limit when opened. */
export interface StagedFile {
  readonly fd: number;
  /** As of opening. */
  readonly facts: Stats;
  /** Path for other readers of this process (threads, DuckDB) to open the same inode while this is open. */
  readonly openPath: string;
}

/** The same for asynchronous code. */
export interface StagedHandle extends StagedFile {
  readonly handle: FileHandle;
  close(): Promise<void>;
}

export interface StagedLimit {
  maxBytes: number;
}

/**
 * Opens a staged file. Throws `corrupt` if it is not regular, behind a link, or too large (`details.problem`:
 * without the path), and system errors, including ENOENT.
 */
export async function openStaged(place: StagedPath, limit: StagedLimit): Promise<StagedHandle> {
  const handle = await open(place.stagedAt, constants.O_RDONLY | SAFE_FLAGS).catch((error) => {
    throw openProblem(place, error);
  });
  try {
    const facts = await handle.stat();
    judge(place, handle.fd, facts, limit);
    return { handle, fd: handle.fd, facts, openPath: pathOf(handle.fd), close: () => handle.close() };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** Synchronous, for worker threads. Close it by `closeSync(file.fd)`. */
export function openStagedSync(place: StagedPath, limit: StagedLimit): StagedFile {
  let fd: number;
  try {
    fd = openSync(place.stagedAt, constants.O_RDONLY | SAFE_FLAGS);
  } catch (error) {
    throw openProblem(place, error);
  }
  try {
    const facts = fstatSync(fd);
    judge(place, fd, facts, limit);
    return { fd, facts, openPath: pathOf(fd) };
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

/** The content of a staged file, with its size at opening (less if it was truncated meanwhile). */
export function readStagedSync(file: StagedFile): Uint8Array {
  const bytes = new Uint8Array(file.facts.size);
  let at = 0;
  while (at < bytes.length) {
    const count = readSync(file.fd, bytes, at, bytes.length - at, at);
    if (count === 0) break;
    at += count;
  }
  return bytes.subarray(0, at);
}

/**
 * Reads and checks a staged JSON file; undefined if missing. With `view`, waits for one that a lagging mount
 * shows incompletely. Throws `corrupt` for anything else that is wrong, `not_whole`.
 */
export async function readStagedJson<S extends v.GenericSchema>(
  place: StagedPath,
  schema: S,
  view?: View,
): Promise<v.InferOutput<S> | undefined> {
  return seeWhole(view, place.stagedAt, () => lookAtStaged(place, schema));
}

async function lookAtStaged<S extends v.GenericSchema>(
  place: StagedPath,
  schema: S,
): Promise<Look<v.InferOutput<S> | undefined>> {
  let file: StagedHandle;
  try {
    file = await openStaged(place, { maxBytes: MANIFEST_BYTES });
  } catch (error) {
    if (isMissing(error)) return { isWhole: true, value: undefined };
    throw error;
  }
  try {
    const text = await readText(file.handle, file.facts.size);
    return lookAtJson(place.stagedAt, text, schema);
  } finally {
    await file.close();
  }
}

/** The first `sizeBytes` of an open file as text. */
export async function readText(handle: FileHandle, sizeBytes: number): Promise<string> {
  const bytes = Buffer.alloc(sizeBytes);
  let at = 0;
  while (at < sizeBytes) {
    const { bytesRead } = await handle.read(bytes, at, sizeBytes - at, at);
    if (bytesRead === 0) break;
    at += bytesRead;
  }
  return bytes.toString("utf8", 0, at);
}

/** Whether anything exists there. */
export async function isStaged(place: StagedPath): Promise<boolean> {
  return lstat(place.stagedAt).then(
    () => true,
    () => false,
  );
}

/** Whether it is a regular file; its folders are checked when it is opened. */
export async function isStagedFile(place: StagedPath): Promise<boolean> {
  try {
    return (await lstat(place.stagedAt)).isFile();
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}

/** What an entry is instead of a file, as the end of a sentence; undefined for a file. */
export function kindProblem(facts: Stats): string | undefined {
  if (facts.isFile()) return undefined;
  if (facts.isSymbolicLink()) return "is a symbolic link";
  if (facts.isDirectory()) return "is a folder";
  return facts.isFIFO() ? "is a pipe" : "is not a regular file";
}

function judge(place: StagedPath, fd: number, facts: Stats, { maxBytes }: StagedLimit): void {
  const kind = kindProblem(facts);
  if (kind !== undefined) throw unusable(place, `${kind}, not a file`);
  if (facts.nlink === 0 || !isAtPlace(place, fd)) throw missing(place);
  if (facts.size > maxBytes) {
    throw unusable(place, `has ${facts.size} bytes where at most ${maxBytes} are read`);
  }
}

/** Whether the open file is at its path, without links below staging. False if it was moved meanwhile. */
function isAtPlace(place: StagedPath, fd: number): boolean {
  const actual = systemPathOf(fd);
  if (actual === place.stagedAt) return true;
  const real = join(realpathSync.native(place.staging), relative(place.staging, place.stagedAt));
  if (actual === real) return true;
  const link = linkOnTheWay(place);
  if (link !== undefined)
    throw unusable(place, `is behind the symbolic link ${relative(dirname(place.staging), link)}`);
  // No link: it was moved between the checks. If the system gives no path, the check of its folders must do.
  return actual === undefined;
}

function linkOnTheWay({ staging, stagedAt }: StagedPath): string | undefined {
  const below: string[] = [];
  for (let at = dirname(stagedAt); at.startsWith(staging + sep); at = dirname(at)) below.unshift(at);
  return below.find((folder) => lstatSync(folder, { throwIfNoEntry: false })?.isSymbolicLink());
}

/** The kernel's path of an open file; undefined if unknown. */
function systemPathOf(fd: number): string | undefined {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`);
  } catch {
    return undefined;
  }
}

function pathOf(fd: number): string {
  return process.platform === "linux" ? `/proc/self/fd/${fd}` : `/dev/fd/${fd}`;
}

/** Converts errors of opening something that is not a file: a link (ELOOP), a socket (ENXIO). */
function openProblem(place: StagedPath, error: unknown): unknown {
  const code = systemCode(error);
  if (code === "ELOOP" || code === "EMLINK") return unusable(place, "is a symbolic link, not a file");
  if (code === "ENXIO" || code === "EOPNOTSUPP") return unusable(place, "is not a regular file");
  return error;
}

function unusable({ stagedAt }: StagedPath, problem: string): AppError {
  return new AppError("corrupt", `${stagedAt} ${problem}; remove the upload and upload it again`, {
    details: { path: stagedAt, problem },
  });
}

function missing({ stagedAt }: StagedPath): Error {
  const message = `ENOENT: it was moved or removed while it was opened, open '${stagedAt}'`;
  return Object.assign(new Error(message), { code: "ENOENT", path: stagedAt, syscall: "open" });
}
