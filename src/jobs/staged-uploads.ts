import { join } from "node:path";
import { toAppError } from "../errors.ts";
import type { Lake } from "../lake/lake.ts";
import { createUploadLayout } from "../lake/layout.ts";
import { readUploadManifest } from "../lake/manifests.ts";
import {
  isFolderThere,
  listEntries,
  placeOf,
  type StagedEntry,
  type UploadState,
} from "../lake/staged-entries.ts";
import { readStagedJson } from "../lake/staged-file.ts";
import { type UploadFailure, UploadFailureSchema, type UploadManifest } from "../schema/upload.ts";

export interface StagedUpload {
  upload_id: string;
  status: UploadState;
  manifest: UploadManifest | undefined;
  failure: UploadFailure | undefined;
  /** Why its manifest cannot be read, as a sentence. */
  problem?: { code: string; message: string };
}

export interface Staged {
  uploads: StagedUpload[];
  /** What lies among them and cannot be used. */
  unusable: StagedEntry[];
}

/** What is in staging, by state; uploads in the order of their manifests' times, which are there where they can be read. */
export async function readStaged(lake: Lake, states: readonly UploadState[]): Promise<Staged> {
  const entries = await listEntries(lake, states);
  const uploads: StagedUpload[] = [];
  for (const status of states) {
    const ids = entries
      .filter((entry) => entry.state === status && entry.problem === undefined)
      .map((entry) => entry.upload_id)
      .filter((id) => id !== undefined);
    const staged: StagedUpload[] = [];
    for (let from = 0; from < ids.length; from += 32) {
      const some = ids.slice(from, from + 32).map((id) => describeStaged(lake, status, id));
      staged.push(...(await Promise.all(some)).filter((one) => one !== undefined));
    }
    // Not by id: some are the clients' own and tell no time. Equal times stay in the order of ids.
    staged.sort((a, b) => timeOf(a) - timeOf(b));
    uploads.push(...staged);
  }
  return { uploads, unusable: entries.filter((entry) => entry.problem !== undefined) };
}

/** The uploads of these states alone. */
export async function listStaged(lake: Lake, states: readonly UploadState[]): Promise<StagedUpload[]> {
  return (await readStaged(lake, states)).uploads;
}

function timeOf({ manifest }: StagedUpload): number {
  return manifest === undefined ? 0 : Date.parse(manifest.created_at);
}

async function describeStaged(
  lake: Lake,
  status: UploadState,
  uploadId: string,
): Promise<StagedUpload | undefined> {
  const folder = join(lake.layout[status], uploadId);
  const failure =
    status === "failed"
      ? await readStagedJson(createUploadLayout(folder).error, UploadFailureSchema).catch(() => undefined)
      : undefined;
  const upload = { upload_id: uploadId, status, failure };
  try {
    const manifest = await readUploadManifest(folder);
    if (manifest !== undefined) return { ...upload, manifest };
  } catch (error) {
    const { code, message } = toAppError(error);
    return { ...upload, manifest: undefined, problem: { code, message } };
  }
  // It may have moved on since it was listed; a folder that is still there must have its manifest.
  if (!(await isFolderThere(folder))) return undefined;
  const message = `${placeOf({ state: status, name: uploadId })} has no upload.json; remove it, and upload the data again`;
  return { ...upload, manifest: undefined, problem: { code: "corrupt", message } };
}
