import { lstat, readdir } from "node:fs/promises";
import { join } from "node:path";
import { AppError, systemCode } from "../errors.ts";
import { placeOf } from "../schema/upload-list.ts";
import { isMissing } from "./files.ts";
import type { Lake } from "./lake.ts";

/**
 * Staging is written by others and may contain anything. Each entry is judged on its own: one that is not an
 * upload is reported, left in place, and never blocks the others.
 */

export const UPLOAD_STATES = ["pending", "processing", "failed"] as const;
export type UploadState = (typeof UPLOAD_STATES)[number];

export interface StagedEntry {
  state: UploadState;
  /** Printable; bytes that are not UTF-8 appear as `\xff`. */
  name: string;
  /** If its name is an upload id. */
  upload_id?: string;
  /** Why it is not a usable upload, and what to do; follows its path in a sentence. */
  problem?: string;
}

const UPLOAD_ID = /^u[0-9a-f]{32}$/;

/** Entries of these states, by name, without hidden names of unfinished work. Opens no file. */
export async function listEntries(
  lake: Lake,
  states: readonly UploadState[] = UPLOAD_STATES,
): Promise<StagedEntry[]> {
  const found = new Map<UploadState, StagedEntry[]>();
  for (const state of UPLOAD_STATES) {
    const entries = readState(lake, state);
    // The other states are listed to find duplicate names.
    found.set(state, await (states.includes(state) ? entries : entries.catch(() => [])));
  }
  const judged = states.flatMap((state) =>
    (found.get(state) ?? []).map((entry) => refuseTwin(lake, entry, found)),
  );
  return (await Promise.all(judged)).filter((entry) => entry !== undefined);
}

/** Upload ids in one state, sorted by name (hence by time), without unusable entries. */
export async function listUploads(lake: Lake, state: UploadState): Promise<string[]> {
  return uploadIds(await listEntries(lake, [state]));
}

/** Number of uploads in each state. */
export async function countUploads(lake: Lake): Promise<Record<UploadState, number>> {
  const entries = await listEntries(lake);
  const count = (state: UploadState) => uploadIds(entries.filter((entry) => entry.state === state)).length;
  return { pending: count("pending"), processing: count("processing"), failed: count("failed") };
}

/** Whether a folder exists and is not a link. */
export async function isFolderThere(path: string): Promise<boolean> {
  return lstat(path).then(
    (facts) => facts.isDirectory(),
    () => false,
  );
}

/**
 * Errors caused by one entry: its owner, mode, kind or neighbour. Others concern the disk or this program.
 */
const ENTRY_ERRORS = new Set(
  "EACCES EPERM ENOENT ENOTDIR EISDIR EEXIST ENOTEMPTY ELOOP ENAMETOOLONG EBUSY EINVAL ENXIO ETXTBSY".split(
    " ",
  ),
);

/** Whether an error of one staged entry says nothing about the others. */
export function isOfEntry(error: unknown): boolean {
  if (!(error instanceof AppError)) return ENTRY_ERRORS.has(systemCode(error) ?? "");
  const { errno } = error.details ?? {};
  return typeof errno === "string"
    ? ENTRY_ERRORS.has(errno)
    : ["corrupt", "conflict", "not_whole"].includes(error.code);
}

function uploadIds(entries: readonly StagedEntry[]): string[] {
  return entries
    .filter((entry) => entry.problem === undefined)
    .map((entry) => entry.upload_id)
    .filter((id) => id !== undefined);
}

async function readState(lake: Lake, state: UploadState): Promise<StagedEntry[]> {
  const folder = lake.layout[state];
  const entries = await readFolder(folder);
  const judged = entries
    .filter(({ name }) => !name.startsWith("."))
    .map((entry) => judge(folder, state, entry));
  return (await Promise.all(judged)).sort((a, b) => (a.name < b.name ? -1 : Number(a.name > b.name)));
}

async function readFolder(folder: string): Promise<{ name: string; isFolder: boolean }[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    return entries.map((entry) => ({ name: entry.name, isFolder: entry.isDirectory() }));
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

async function judge(
  folder: string,
  state: UploadState,
  { name, isFolder }: { name: string; isFolder: boolean },
): Promise<StagedEntry> {
  if (!UPLOAD_ID.test(name)) {
    // Invalid UTF-8 is decoded to U+FFFD, which gives a path that does not exist.
    const isText = !name.includes("\uFFFD");
    const problem = isText
      ? "is not an upload; move it out of staging"
      : "has a name that is not UTF-8; move it out of staging";
    return { state, name, problem };
  }
  const kind = isFolder ? undefined : await kindOf(join(folder, name));
  if (kind === undefined) return { state, name, upload_id: name };
  return { state, name, upload_id: name, problem: `is ${kind}, not the folder of an upload; remove it` };
}

/** The kind of an entry that is not a folder; not every file system returns it with the name. */
async function kindOf(path: string): Promise<string | undefined> {
  const facts = await lstat(path).catch(() => undefined);
  if (facts === undefined || facts.isDirectory()) return undefined; // gone meanwhile
  if (facts.isSymbolicLink()) return "a symbolic link";
  if (facts.isFile()) return "a file";
  return facts.isFIFO() ? "a pipe" : "no file";
}

/**
 * Uploads move from pending to processing, and to failed if they fail. One whose name exists in a later state
 * cannot move. An upload that moved during the listing is found in its new state: undefined here.
 */
async function refuseTwin(
  lake: Lake,
  entry: StagedEntry,
  all: ReadonlyMap<UploadState, readonly StagedEntry[]>,
): Promise<StagedEntry | undefined> {
  if (entry.problem !== undefined || entry.state === "failed") return entry;
  const ahead = entry.state === "pending" ? (["processing", "failed"] as const) : (["failed"] as const);
  const taken = ahead.find((state) => all.get(state)?.some(({ name }) => name === entry.name));
  if (taken === undefined) return entry;
  if (!(await isThere(join(lake.layout[entry.state], entry.name)))) return undefined;
  if (!(await isThere(join(lake.layout[taken], entry.name)))) return entry;
  const twin = placeOf({ state: taken, name: entry.name });
  return {
    ...entry,
    problem: `cannot be processed, because ${twin} has the same name; remove one of the two`,
  };
}

async function isThere(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  );
}
