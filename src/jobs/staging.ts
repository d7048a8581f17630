import { readdir, rename } from "node:fs/promises";
import { join } from "node:path";
import * as v from "valibot";
import { AppError, toAppError } from "../errors.ts";
import { exists, isMissing, removeTree, renameDurable, writeJson } from "../lake/files.ts";
import type { Lake } from "../lake/lake.ts";
import { createUploadLayout } from "../lake/layout.ts";
import { listUploads, readUploadManifest, type UploadState } from "../lake/manifests.ts";
import { readStagedJson } from "../lake/staged-file.ts";
import { UploadIdSchema } from "../schema/names.ts";
import { type UploadFailure, UploadFailureSchema, type UploadManifest } from "../schema/upload.ts";

/**
 * Takes an upload for work by renaming its folder, and gives the folder. One that is in processing already (its
 * process died) is taken over as it is. Not made durable: a claim lost in a power cut is an upload still pending.
 * Throws `not_found` when it is in neither place.
 */
export async function claimUpload(lake: Lake, uploadId: string): Promise<string> {
  const folder = join(lake.layout.processing, uploadId);
  try {
    await rename(join(lake.layout.pending, uploadId), folder);
  } catch (error) {
    if (!isMissing(error) || !(await exists(folder))) {
      if (!isMissing(error)) throw error;
      throw new AppError(
        "not_found",
        `upload ${uploadId} is not pending; list uploads with \`process list\``,
        {
          details: { upload_id: uploadId },
        },
      );
    }
  }
  await removeTree(createUploadLayout(folder).error.stagedAt);
  return folder;
}

/** Puts an unfinished upload back among the pending ones; nothing of the work on it remains in its folder. */
export async function handBackUpload(lake: Lake, uploadId: string): Promise<void> {
  const folder = join(lake.layout.processing, uploadId);
  await removeWork(lake, uploadId);
  try {
    await renameDurable(folder, join(lake.layout.pending, uploadId));
  } catch (error) {
    if (!isMissing(error)) throw error; // settled in the meantime
  }
}

/** Moves an upload to `failed/` whole, with `error.json` saying why. */
export async function failUpload(
  lake: Lake,
  uploadId: string,
  cause: unknown,
  jobId?: string,
): Promise<UploadFailure> {
  const folder = join(lake.layout.processing, uploadId);
  const error = toAppError(cause);
  const failure: UploadFailure = {
    upload_id: uploadId,
    ...(jobId === undefined ? {} : { job_id: jobId }),
    failed_at: new Date().toISOString(),
    code: error.code,
    message: error.message,
    ...(error.details === undefined ? {} : { details: error.details }),
  };
  await removeWork(lake, uploadId); // first: on a full disk this makes the room for the reason
  await writeJson(createUploadLayout(folder).error.stagedAt, failure, lake.modes);
  await renameDurable(folder, join(lake.layout.failed, uploadId));
  return failure;
}

/** Moves a failed upload back to pending. Throws `not_found`; `conflict` when it is pending or in work already. */
export async function retryUpload(lake: Lake, uploadId: string): Promise<UploadManifest> {
  const folder = join(lake.layout.failed, uploadId);
  const isId = v.is(UploadIdSchema, uploadId);
  const manifest = isId && (await exists(folder)) ? await readUploadManifest(folder) : undefined;
  if (manifest === undefined) {
    for (const state of ["pending", "processing"] as const) {
      if (isId && (await exists(join(lake.layout[state], uploadId)))) {
        throw new AppError("conflict", `upload ${uploadId} is ${state} and needs no retry; start processing`);
      }
    }
    throw new AppError("not_found", `no failed upload ${uploadId}; see \`datalake process list\``);
  }
  await renameDurable(folder, join(lake.layout.pending, uploadId));
  await removeTree(createUploadLayout(join(lake.layout.pending, uploadId)).error.stagedAt);
  return manifest;
}

/** Removes a settled upload: one rename takes it out of processing, then its files go. */
export async function removeSettled(lake: Lake, uploadId: string): Promise<void> {
  const leaving = lake.layout.settled(uploadId);
  try {
    await rename(join(lake.layout.processing, uploadId), leaving);
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
  await removeTree(leaving);
}

/** Removes what processes that died left: settled uploads on their way out, and files on their way into the catalog. */
export async function sweepSettled(lake: Lake): Promise<void> {
  for (const name of await readdir(lake.layout.jobs)) {
    if (lake.layout.isWork(name)) await removeTree(join(lake.layout.jobs, name));
  }
  for (const name of await readdir(lake.layout.processing)) {
    const uploadId = /^\.settled-(.+)$/.exec(name)?.[1];
    if (uploadId !== undefined) await removeTree(lake.layout.settled(uploadId));
  }
}

export interface StagedUpload {
  upload_id: string;
  status: UploadState;
  manifest: UploadManifest | undefined;
  failure: UploadFailure | undefined;
}

/** Uploads in staging by state, each in the order of their manifests' times, which are there where they can be read. */
export async function listStaged(lake: Lake, states: readonly UploadState[]): Promise<StagedUpload[]> {
  const found: StagedUpload[] = [];
  for (const status of states) {
    const ids = await listUploads(lake, status);
    const staged: StagedUpload[] = [];
    for (let from = 0; from < ids.length; from += 32) {
      const some = ids.slice(from, from + 32).map((id) => describeStaged(lake, status, id));
      staged.push(...(await Promise.all(some)));
    }
    // Not by id: some are the clients' own and tell no time. Equal times stay in the order of ids.
    staged.sort((a, b) => compare(a.manifest?.created_at ?? "", b.manifest?.created_at ?? ""));
    found.push(...staged);
  }
  return found;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

async function describeStaged(lake: Lake, status: UploadState, uploadId: string): Promise<StagedUpload> {
  const folder = join(lake.layout[status], uploadId);
  const manifest = await readUploadManifest(folder).catch(() => undefined);
  const failure =
    status === "failed"
      ? await readStagedJson(createUploadLayout(folder).error, UploadFailureSchema).catch(() => undefined)
      : undefined;
  return { upload_id: uploadId, status, manifest, failure };
}

async function removeWork(lake: Lake, uploadId: string): Promise<void> {
  await removeTree(lake.layout.work(uploadId));
  await removeTree(createUploadLayout(join(lake.layout.processing, uploadId)).lease.stagedAt);
}
