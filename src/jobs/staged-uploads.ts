import { join } from "node:path";
import { toAppError } from "../errors.ts";
import { refreshListing } from "../lake/fresh-listing.ts";
import type { Lake } from "../lake/lake.ts";
import { createUploadLayout } from "../lake/layout.ts";
import { awaitUploadManifest, readUploadManifest } from "../lake/manifests.ts";
import { isFolderThere, listEntries, type StagedEntry, type UploadState } from "../lake/staged-entries.ts";
import { readStagedJson } from "../lake/staged-file.ts";
import { type UploadFailure, UploadFailureSchema, type UploadManifest } from "../schema/upload.ts";
import { placeOf } from "../schema/upload-list.ts";

export interface StagedUpload {
  upload_id: string;
  status: UploadState;
  manifest: UploadManifest | undefined;
  failure: UploadFailure | undefined;
  /** Why its manifest cannot be read. */
  problem?: { code: string; message: string };
}

export interface Staged {
  uploads: StagedUpload[];
  /** Entries that are not usable uploads. */
  unusable: StagedEntry[];
}

export interface StagedOptions {
  /** Wait for files that a lagging mount shows incompletely, instead of reporting them. */
  patient?: boolean;
  without?: ReadonlySet<string>;
}

/** Entries of staging by state; uploads in order of the times in their manifests, if readable. */
export async function readStaged(
  lake: Lake,
  states: readonly UploadState[],
  { patient = false, without }: StagedOptions = {},
): Promise<Staged> {
  if (patient) for (const state of states) await refreshListing(lake.layout[state]);
  const entries = await listEntries(lake, states);
  const uploads: StagedUpload[] = [];
  for (const status of states) {
    const ids = entries
      .filter((entry) => entry.state === status && entry.problem === undefined)
      .map((entry) => entry.upload_id)
      .filter((id) => id !== undefined)
      .filter((id) => !without?.has(id));
    const staged: StagedUpload[] = [];
    for (let from = 0; from < ids.length; from += 32) {
      const some = ids.slice(from, from + 32).map((id) => describeStaged(lake, status, id, patient));
      staged.push(...(await Promise.all(some)).filter((one) => one !== undefined));
    }
    // Not by id, which clients may choose freely. Equal times keep the order of ids.
    staged.sort((a, b) => timeOf(a) - timeOf(b));
    uploads.push(...staged);
  }
  return { uploads, unusable: entries.filter((entry) => entry.problem !== undefined) };
}

export async function listStaged(
  lake: Lake,
  states: readonly UploadState[],
  options: StagedOptions = {},
): Promise<StagedUpload[]> {
  return (await readStaged(lake, states, options)).uploads;
}

function timeOf({ manifest }: StagedUpload): number {
  return manifest === undefined ? 0 : Date.parse(manifest.created_at);
}

async function describeStaged(
  lake: Lake,
  status: UploadState,
  uploadId: string,
  patient: boolean,
): Promise<StagedUpload | undefined> {
  const folder = join(lake.layout[status], uploadId);
  const place = placeOf({ state: status, name: uploadId });
  const failure =
    status === "failed"
      ? await readStagedJson(createUploadLayout(folder).error, UploadFailureSchema).catch(() => undefined)
      : undefined;
  const upload = { upload_id: uploadId, status, failure };
  let problem: NonNullable<StagedUpload["problem"]>;
  try {
    const manifest = await (patient ? awaitUploadManifest(folder, lake.view) : readUploadManifest(folder));
    if (manifest !== undefined) return { ...upload, manifest };
    // It may have moved since it was listed; a folder that still exists must have a manifest.
    if (!(await isFolderThere(folder))) return undefined;
    const message = `${place} has no upload.json; remove it and upload the data again`;
    problem = { code: "corrupt", message };
  } catch (error) {
    const { code, message } = toAppError(error);
    problem = { code, message };
  }
  if (!patient && (await lake.view.mayLag(folder))) {
    // It may be intact, in transit or already removed; only a lasting problem is one.
    const message = `${place} is not seen completely; this mount may show an old state of it`;
    problem = { code: "not_whole", message };
  }
  return { ...upload, manifest: undefined, problem };
}
