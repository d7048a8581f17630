import { lstat } from "node:fs/promises";
import { join } from "node:path";
import * as v from "valibot";
import { AppError, systemCode, toAppError } from "../errors.ts";
import { checkRejectLimit } from "../ingest/reject-limit.ts";
import { isMissing } from "../lake/files.ts";
import { moveFolder, removeFolder } from "../lake/folders.ts";
import type { Lake } from "../lake/lake.ts";
import { createUploadLayout } from "../lake/layout.ts";
import { requireSuitedMount } from "../lake/mount-check.ts";
import { renameDurable } from "../lake/replace.ts";
import { isFolderThere, isOfEntry, listEntries, type UploadState } from "../lake/staged-entries.ts";
import { removeStaged, writeStagedJson } from "../lake/staged-folder.ts";
import { UploadIdSchema } from "../schema/names.ts";
import type { RetryOptions } from "../schema/retry.ts";
import type { UploadFailure, UploadManifest } from "../schema/upload.ts";
import { placeOf } from "../schema/upload-list.ts";
import { requireManifest } from "./own-manifest.ts";

/**
 * Claims an upload by renaming its folder, and returns the folder. One already in processing (left by a dead
 * process) is taken over. Not durable: a claim lost in a power cut leaves the upload pending. Throws
 * `not_found` if it is in neither state, and what `moveUpload` throws.
 */
export async function claimUpload(lake: Lake, uploadId: string): Promise<string> {
  const folder = lake.layout.upload("processing", uploadId);
  if (!(await isFolderThere(folder))) {
    try {
      await moveUpload(lake, uploadId, ["pending", "processing"], moveFolder);
    } catch (error) {
      if (!isMissing(error)) throw error;
      throw new AppError("not_found", `upload ${uploadId} is not pending any more; it was moved or removed`, {
        details: { upload_id: uploadId },
      });
    }
    await requireFolder(folder, uploadId);
  }
  await removeStaged(createUploadLayout(folder).error);
  return folder;
}

/** Makes an unfinished upload pending again and removes the results of its processing. */
export async function handBackUpload(lake: Lake, uploadId: string): Promise<void> {
  await removeLease(lake, uploadId);
  try {
    await moveUpload(lake, uploadId, ["processing", "pending"]);
  } catch (error) {
    if (!isMissing(error)) throw error; // settled meanwhile
  }
}

/** Moves an upload to `failed/` with its reason in `error.json`, if that can be written. */
export async function failUpload(
  lake: Lake,
  uploadId: string,
  cause: unknown,
  jobId?: string,
): Promise<UploadFailure> {
  const folder = lake.layout.upload("processing", uploadId);
  const error = toAppError(cause);
  const failure: UploadFailure = {
    upload_id: uploadId,
    ...(jobId === undefined ? {} : { job_id: jobId }),
    failed_at: new Date().toISOString(),
    code: error.code,
    message: error.message,
    ...(error.details === undefined ? {} : { details: error.details }),
  };
  await removeLease(lake, uploadId);
  const reason = createUploadLayout(folder).error;
  await ofEntry(removeStaged(reason));
  await ofEntry(writeStagedJson(reason, failure, lake.modes)); // also in the job's record
  await moveUpload(lake, uploadId, ["processing", "failed"]);
  return failure;
}

/**
 * Moves a failed upload back to pending, with another limit of rejected rows where one is given. Throws `not_found`,
 * `conflict` if it is pending or being processed or is not an upload, `corrupt` if it would fail again at once, `usage`
 * for what is no limit.
 */
export async function retryUpload(
  lake: Lake,
  uploadId: string,
  { maxRejects }: RetryOptions = {},
): Promise<UploadManifest> {
  if (maxRejects !== undefined) checkRejectLimit(maxRejects);
  await requireSuitedMount(lake.root);
  const isId = v.is(UploadIdSchema, uploadId);
  const entries = isId ? (await listEntries(lake)).filter((entry) => entry.upload_id === uploadId) : [];
  const failed = entries.find((entry) => entry.state === "failed");
  const [other] = entries.filter((entry) => entry !== failed);
  if (failed?.problem !== undefined) throw new AppError("conflict", `${placeOf(failed)} ${failed.problem}`);
  if (failed !== undefined && other !== undefined) {
    throw new AppError(
      "conflict",
      `${placeOf(failed)} cannot be retried, because ${placeOf(other)} has the same name; remove one of the two`,
    );
  }
  if (other !== undefined) {
    const what = `upload ${uploadId} is ${other.state} and needs no retry; start processing`;
    throw new AppError("conflict", other.problem === undefined ? what : `${placeOf(other)} ${other.problem}`);
  }
  const manifest =
    failed && (await requireManifest(lake.layout.upload("failed", uploadId), uploadId, lake.view));
  if (manifest === undefined) {
    throw new AppError("not_found", `no failed upload ${uploadId}; see \`datalake process list\``);
  }
  if (maxRejects !== undefined && maxRejects !== manifest.max_rejects) {
    const { manifest: place } = createUploadLayout(lake.layout.upload("failed", uploadId));
    await ofEntry(writeStagedJson(place, { ...manifest, max_rejects: maxRejects }, lake.modes));
  }
  await moveUpload(lake, uploadId, ["failed", "pending"]);
  // The process that claims it removes leftovers.
  await ofEntry(removeStaged(createUploadLayout(join(lake.layout.pending, uploadId)).error));
  return manifest;
}

/** States where a host that was silent for too long may have moved an upload that another committed. */
const SETTLED_STATES = ["processing", "failed", "pending"] as const;

/**
 * Removes a settled upload: renames it out of staging, then deletes its files. `sync` makes the rename
 * durable first, so that a power cut cannot leave an upload with missing files.
 */
export async function removeSettled(lake: Lake, uploadId: string, sync: () => Promise<void>): Promise<void> {
  const leaving = lake.layout.settled(uploadId);
  for (const state of SETTLED_STATES) {
    if (await takeAway(lake.layout.upload(state, uploadId), leaving)) break;
  }
  await sync();
  await removeFolder(leaving);
}

/** Renames an upload's folder to one that is being removed; false where it is not there any more. */
export async function takeAway(folder: string, leaving: string): Promise<boolean> {
  if (!(await isFolderThere(folder))) return false;
  const take = () => moveFolder(folder, leaving);
  try {
    await take().catch(async (error) => {
      if (!["ENOTEMPTY", "EEXIST"].includes(systemCode(error) ?? "")) throw error;
      await removeFolder(leaving); // left by a dead process
      await take();
    });
    return true;
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}

/**
 * Moves an upload's folder to another state. Throws `permission_denied` or `conflict` with advice if the
 * folder may not be moved or the target exists, and system errors.
 */
async function moveUpload(
  lake: Lake,
  uploadId: string,
  [from, to]: [UploadState, UploadState],
  move: (from: string, to: string) => Promise<void> = renameDurable,
): Promise<void> {
  try {
    await move(lake.layout.upload(from, uploadId), lake.layout.upload(to, uploadId));
  } catch (error) {
    const errno = systemCode(error) ?? "";
    const place = placeOf({ state: from, name: uploadId });
    const details = { errno, path: lake.layout.upload(from, uploadId) };
    // sshfs reports an existing target as EPERM.
    const isTakenError = ["ENOTEMPTY", "EEXIST", "ENOTDIR", "EISDIR", "EACCES", "EPERM"].includes(errno);
    if (isTakenError && (await isTaken(lake, to, uploadId))) {
      throw new AppError(
        "conflict",
        `${place} cannot be moved, because ${placeOf({ state: to, name: uploadId })} has the same name; remove one of the two`,
        { details, cause: error },
      );
    }
    if (errno === "EACCES" || errno === "EPERM") {
      throw new AppError(
        "permission_denied",
        `${place} cannot be moved to staging/${to} by the processing account (${errno}); let it write there (\`chmod -R g+rwX\` by the owner, no immutable flag) or remove it, and run \`datalake process start\``,
        { details, cause: error },
      );
    }
    throw error;
  }
}

async function isTaken(lake: Lake, state: UploadState, uploadId: string): Promise<boolean> {
  return lstat(lake.layout.upload(state, uploadId)).then(
    () => true,
    () => false,
  );
}

/** Rejects a folder that was replaced by a link after it was listed. */
async function requireFolder(folder: string, uploadId: string): Promise<void> {
  if (await isFolderThere(folder)) return;
  const place = placeOf({ state: "processing", name: uploadId });
  throw new AppError("conflict", `${place} is not the folder of an upload; remove it`, {
    details: { upload_id: uploadId },
  });
}

/** A lease that cannot be removed is left to the next process. */
async function removeLease(lake: Lake, uploadId: string): Promise<void> {
  const { folder, lease } = createUploadLayout(lake.layout.upload("processing", uploadId));
  if (await isFolderThere(folder)) await ofEntry(removeStaged(lease));
}

/** Waits for optional work, ignoring errors of its own entry. */
async function ofEntry(work: Promise<unknown>): Promise<void> {
  await work.catch((error) => {
    if (!isOfEntry(error)) throw error;
  });
}
