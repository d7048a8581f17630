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
 * Anyone with write access to staging may put anything there: links to files that only the server may read, pipes
 * that never answer, files that change while they are read. Staged files are opened here and nowhere else, and read
 * from the descriptor only.
 */

/** A pipe is not waited for, and a link is not followed. */
export const SAFE_FLAGS = constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** Largest `upload.json`, `error.json` or the like: a thousand times what one of many columns has. */
export const MANIFEST_BYTES = 16 << 20;

/** A staged file that is held open: a regular one, at its place, no larger than was allowed when it was opened. */
export interface StagedFile {
  readonly fd: number;
  /** As they were when it was opened. */
  readonly facts: Stats;
  /** A path by which other readers of this process (threads, DuckDB) open the very same inode, while this is open. */
  readonly openPath: string;
}

/** The same for code that waits for the disk without stopping others. */
export interface StagedHandle extends StagedFile {
  readonly handle: FileHandle;
  close(): Promise<void>;
}

export interface StagedLimit {
  /** A larger file is refused. */
  maxBytes: number;
}

/**
 * Opens a staged file. Throws `corrupt` for what is not a regular file, is behind a link or is too large
 * (`details.problem` says it without the path), and the system's errors, ENOENT among them.
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

/** The same for a worker thread, which has nothing else to do. Close it by `closeSync(file.fd)`. */
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

/** Everything in a staged file, as many bytes as it had when it was opened (fewer if it was cut meanwhile). */
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
 * Reads and checks a staged JSON file; undefined when there is none. With a `view`, one that a lagging mount does
 * not show whole is waited for. Throws `corrupt` for all else that is wrong with it, `not_whole`.
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

/** Whether anything is there. */
export async function isStaged(place: StagedPath): Promise<boolean> {
  return lstat(place.stagedAt).then(
    () => true,
    () => false,
  );
}

/** Whether a regular file is there; its folders are looked at when it is opened. */
export async function isStagedFile(place: StagedPath): Promise<boolean> {
  try {
    return (await lstat(place.stagedAt)).isFile();
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}

/** What a thing is that should be a file, as the end of a sentence; undefined for a file. */
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

/**
 * Whether the open file lies where its path says, with no link on the way below staging; the way to staging itself
 * may have some. False for one that was moved meanwhile.
 */
function isAtPlace(place: StagedPath, fd: number): boolean {
  const actual = systemPathOf(fd);
  if (actual === place.stagedAt) return true;
  const real = join(realpathSync.native(place.staging), relative(place.staging, place.stagedAt));
  if (actual === real) return true;
  const link = linkOnTheWay(place);
  if (link !== undefined)
    throw unusable(place, `is behind the symbolic link ${relative(dirname(place.staging), link)}`);
  // Without a link it was moved between the two looks; where the system tells no path, the look at its folders is
  // all.
  return actual === undefined;
}

function linkOnTheWay({ staging, stagedAt }: StagedPath): string | undefined {
  const below: string[] = [];
  for (let at = dirname(stagedAt); at.startsWith(staging + sep); at = dirname(at)) below.unshift(at);
  return below.find((folder) => lstatSync(folder, { throwIfNoEntry: false })?.isSymbolicLink());
}

/** The path of an open file as the kernel knows it; undefined where it does not tell. */
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

/** What opening says of what cannot be read as a file: a link (ELOOP), a socket (ENXIO). */
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
