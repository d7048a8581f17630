import { lstat, readdir } from "node:fs/promises";
import { join } from "node:path";
import { AppError, systemCode } from "../errors.ts";
import { placeOf } from "../schema/upload-list.ts";
import { isMissing } from "./files.ts";
import type { Lake } from "./lake.ts";

/**
 * Staging is written by others and may contain anything. Each entry is judged alone: what is not an upload is
 * reported and left where it is, and never blocks the others.
 */

export const UPLOAD_STATES = ["pending", "processing", "failed"] as const;
export type UploadState = (typeof UPLOAD_STATES)[number];

export interface StagedEntry {
  state: UploadState;
  /** As it can be printed: bytes that are no UTF-8 stand as `\xff`. */
  name: string;
  /** Where its name is that of an upload. */
  upload_id?: string;
  /** Why it is not an upload that can be worked with, and what to do: what follows its place in a sentence. */
  problem?: string;
}

const UPLOAD_ID = /^u[0-9a-f]{32}$/;

/** What is in these states of staging, by name; hidden names are of work on its way. No file is opened. */
export async function listEntries(
  lake: Lake,
  states: readonly UploadState[] = UPLOAD_STATES,
): Promise<StagedEntry[]> {
  const found = new Map<UploadState, StagedEntry[]>();
  for (const state of UPLOAD_STATES) {
    const entries = readState(lake, state);
    // The others are looked at for the sake of names that stand twice.
    found.set(state, await (states.includes(state) ? entries : entries.catch(() => [])));
  }
  const judged = states.flatMap((state) =>
    (found.get(state) ?? []).map((entry) => refuseTwin(lake, entry, found)),
  );
  return (await Promise.all(judged)).filter((entry) => entry !== undefined);
}

/**
 * Ids of the uploads in one state, in the order of their names (that of time); what cannot be an upload is left
 * out.
 */
export async function listUploads(lake: Lake, state: UploadState): Promise<string[]> {
  return uploadIds(await listEntries(lake, [state]));
}

/** How many uploads each state holds. */
export async function countUploads(lake: Lake): Promise<Record<UploadState, number>> {
  const entries = await listEntries(lake);
  const count = (state: UploadState) => uploadIds(entries.filter((entry) => entry.state === state)).length;
  return { pending: count("pending"), processing: count("processing"), failed: count("failed") };
}

/** Whether a folder is there, and no link to one. */
export async function isFolderThere(path: string): Promise<boolean> {
  return lstat(path).then(
    (facts) => facts.isDirectory(),
    () => false,
  );
}

/**
 * Errors that come of one entry: its owner, mode, kind or neighbour. All others are of the disk or of this program.
 */
const ENTRY_ERRORS = new Set(
  "EACCES EPERM ENOENT ENOTDIR EISDIR EEXIST ENOTEMPTY ELOOP ENAMETOOLONG EBUSY EINVAL ENXIO ETXTBSY".split(
    " ",
  ),
);

/** Whether an error in work on one staged entry says nothing about the others. */
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
    // A name of other bytes comes with U+FFFD in their place: a reader that makes a path of it finds nothing.
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

/** What an entry is, where it is not a folder. File systems do not tell kinds with names everywhere. */
async function kindOf(path: string): Promise<string | undefined> {
  const facts = await lstat(path).catch(() => undefined);
  if (facts === undefined || facts.isDirectory()) return undefined; // gone meanwhile: whoever wants it will see
  if (facts.isSymbolicLink()) return "a symbolic link";
  if (facts.isFile()) return "a file";
  return facts.isFIFO() ? "a pipe" : "no file";
}

/**
 * An upload goes from pending to processing, and from there to failed when it fails: one whose name is taken
 * further on cannot go its way. One that was on its way while the folders were read is told where it went:
 * undefined here.
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
