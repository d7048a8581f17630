import { tidyPartition } from "../catalog/metadata.ts";
import { commitUpload } from "../catalog/write.ts";
import { AppError, explainFullScratch, throwIfCancelled } from "../errors.ts";
import { checkRejects } from "../ingest/reject-limit.ts";
import { hashFile } from "../lake/digest.ts";
import { createUploadLayout } from "../lake/layout.ts";
import { explainLoss, isOfTheView } from "../lake/lost.ts";
import { isOfEntry } from "../lake/staged-entries.ts";
import { refuseNewNames } from "../lake/taken-names.ts";
import { touchUploadLease, writeUploadLease } from "../lake/upload-lease.ts";
import { isOutOfMemory, retryWithLessMemory } from "../query/less-memory.ts";
import type { UploadOutcome } from "../schema/job.ts";
import type { ParentMessage } from "../schema/messages.ts";
import { formatDataset, formatPartition, pickKey } from "../schema/partition.ts";
import type { UploadManifest } from "../schema/upload.ts";
import type { WorkContext } from "./context.ts";
import { checkLabels } from "./label-step.ts";
import { emptyOutcome, failedOutcome, handedBackOutcome, leftOutcome } from "./outcome.ts";
import { requireManifest } from "./own-manifest.ts";
import { keepRejectedFiles } from "./rejected-files.ts";
import { findRejects, writeRejects } from "./rejects.ts";
import { resolveRows } from "./resolve-rows.ts";
import { countTextLayers, dropResults } from "./row-results.ts";
import { needsResults, type StagedRows, selectPublished } from "./select.ts";
import { settleFailed, settleUnfinished } from "./settle.ts";
import { claimUpload } from "./staging.ts";
import { findCommitted, openRows, validateUpload } from "./validate.ts";

type ProcessMessage = Extract<ParentMessage, { type: "process" }>;

/**
 * Processes one upload in repeatable steps: claim, validate, assets, rejects, commit. Returns the outcome
 * once it is settled: committed (the parent removes the folder after recording the outcome), moved to failed,
 * left in place (`left_in`), or pending again after a cancellation. Throws errors that are not of this
 * upload, such as a full or missing disk.
 */
export async function processUpload(
  context: WorkContext,
  message: ProcessMessage,
  signal: AbortSignal,
): Promise<UploadOutcome> {
  const { lake, jobId, logger } = context;
  const uploadId = message.upload_id;
  let manifest: UploadManifest | undefined;
  let isClaimed = false;
  try {
    const folder = await claimUpload(lake, uploadId);
    isClaimed = true;
    await writeUploadLease(createUploadLayout(folder).lease, context.holder, lake.modes.file);
    manifest = await requireManifest(folder, uploadId, lake.view);
    return await runSteps(context, message, manifest, folder, signal);
  } catch (cause) {
    const error = explainLimits(context, explainLoss(lake, cause), uploadId);
    await dropResults(context.database);
    if (manifest !== undefined) context.partitions.forget(manifest);
    await context.confirm(); // another process may own it now
    if (signal.aborted) {
      await settleUnfinished(lake, uploadId, logger);
      return handedBackOutcome(uploadId, manifest);
    }
    logger.warn("an upload failed", { upload_id: uploadId, error });
    if (isClaimed && isOfTheView(error)) {
      await settleUnfinished(lake, uploadId, logger);
      return leftOutcome(uploadId, manifest, error, "pending");
    }
    if (isClaimed) return settleFailed(lake, { uploadId, manifest, jobId }, error);
    if (error instanceof AppError && error.code === "not_found")
      return failedOutcome(uploadId, manifest, error);
    if (isOfEntry(error)) return leftOutcome(uploadId, manifest, error, "pending");
    throw error;
  }
}

/** Says what to do where the memory of the engine is too small, or the disk of scratch, then to try again. */
function explainLimits({ settings }: WorkContext, error: unknown, uploadId: string): unknown {
  const again = `then run \`datalake process retry ${uploadId}\``;
  const { scratchFolder: path } = settings;
  const isSpillFull = error instanceof Error && error.message.includes("max_temp_directory_size");
  const failure = isSpillFull
    ? new AppError("no_space", error.message, { details: { errno: "ENOSPC", path }, cause: error })
    : error;
  const full = explainFullScratch(failure, path);
  if (full !== failure && full instanceof AppError)
    return new AppError(full.code, `${full.message}, ${again}`, {
      details: full.details ?? {},
      cause: error,
    });
  if (!isOutOfMemory(error)) return error;
  return new AppError(
    "too_large",
    `a row of the upload, or its columns, do not fit into the memory of the database, ${settings.database.memory}; set database.memory higher, ${again}`,
    { cause: error },
  );
}

async function runSteps(
  context: WorkContext,
  message: ProcessMessage,
  manifest: UploadManifest,
  folder: string,
  signal: AbortSignal,
): Promise<UploadOutcome> {
  reportStep(context, manifest, "checking");
  const committed = await findCommitted(context, manifest);
  if (committed) {
    // A process died after the commit; finish its remaining work.
    await tidyPartition(context.database, context.lake, pickKey(manifest));
    return { ...emptyOutcome(manifest.upload_id, manifest, "completed"), ...committed };
  }
  const rows = await openRows(manifest, folder);
  try {
    const columns = await validateUpload(context, manifest, rows);
    const staged: StagedRows = { file: rows.openPath, columns, manifest };
    return await publishRows(context, message, { staged, folder }, signal);
  } finally {
    await rows.close(); // before the move: some file systems cannot move a folder with an open file
  }
}

const NOTHING_DONE = { rows_done: 0, images_done: 0, bytes_done: 0 };

function reportStep(context: WorkContext, manifest: UploadManifest, step: string, done = NOTHING_DONE): void {
  context.onProgress({
    upload_id: manifest.upload_id,
    step: `${step} ${formatDataset(manifest)}`,
    ...done,
  });
}

async function publishRows(
  context: WorkContext,
  message: ProcessMessage,
  { staged, folder }: { staged: StagedRows; folder: string },
  signal: AbortSignal,
): Promise<UploadOutcome> {
  const { database } = context;
  const { manifest } = staged;
  const outcome = emptyOutcome(manifest.upload_id, manifest, "completed");
  let done = NOTHING_DONE;
  if (needsResults(manifest)) {
    reportStep(context, manifest, "assets");
    outcome.assets = await resolveRows(context, {
      source: staged,
      folder,
      suspects: message.suspects,
      quarantined: message.quarantined,
      signal,
      onBatch: async (progress) => {
        done = progress;
        reportStep(context, manifest, "assets", done);
        await touchUploadLease(createUploadLayout(folder).lease);
      },
    });
  }
  throwIfCancelled(signal);
  const labels = await checkLabels(context, staged, {
    signal,
    onRows: async () => {
      reportStep(context, manifest, "labels", done);
      await touchUploadLease(createUploadLayout(folder).lease);
    },
  });
  if (labels !== undefined) outcome.labels = labels;
  if (manifest.pages?.text_layer) outcome.text_layer = await countTextLayers(database);
  const source = { ...staged, hasLabelRejects: labels !== undefined && manifest.strict === true };
  const { rejected, first } = await findRejects(database, source);
  outcome.rejected = rejected;
  if (rejected > 0) await writeRejects(context, source);
  checkRejects(manifest, rejected, first);
  reportStep(context, manifest, "publishing", done);
  const rowsSha256 = await hashFile(staged.file, signal);
  const committed = await commit(context, { source, rejected, rowsSha256 });
  await dropResults(database);
  if (rejected > 0) await keepRejectedFiles(context, manifest.upload_id, folder);
  context.partitions.note(manifest, { ...committed, rejected });
  const compaction = retryWithLessMemory(database, () => context.partitions.compact(database, manifest));
  await compaction.catch((error) => {
    // The commit stands; compaction is only an optimisation and is retried after the job.
    context.logger.warn("a partition could not be compacted", {
      partition: formatPartition(manifest),
      error,
    });
  });
  const { rows, version, repeats } = committed;
  return { ...outcome, rows, version, ...(repeats && { repeats }) };
}

/**
 * Publishes the rows. An error after the rename (say, when writing metadata) does not undo the commit: an
 * upload in the partition's log is committed.
 */
async function commit(
  context: WorkContext,
  { source, rejected, rowsSha256 }: { source: StagedRows; rejected: number; rowsSha256: string },
): Promise<Pick<UploadOutcome, "rows" | "repeats"> & { version: number }> {
  const { lake, database, partitions, logger, confirm } = context;
  const { manifest } = source;
  await refuseNewNames(lake, manifest, { lookAnew: true }); // names may be new since the claim
  try {
    const request = { manifest, select: selectPublished(source), rejected, rowsSha256, confirm };
    const committed = await retryWithLessMemory(database, () => commitUpload(database, lake, request));
    const { version, rows, repeats } = committed;
    if (repeats === undefined) return { version, rows };
    const { upload_id, uploaded_at } = repeats;
    return { version, rows, repeats: { upload_id, uploaded_at } };
  } catch (error) {
    await confirm();
    partitions.forget(manifest);
    const logged = (await partitions.read(database, manifest))?.uploads.get(manifest.upload_id);
    if (logged === undefined) throw error;
    logger.warn("an upload was committed despite an error", { upload_id: manifest.upload_id, error });
    await tidyPartition(database, lake, pickKey(manifest)).catch((failure) => {
      logger.warn("its _metadata.json is left to the next commit", { error: failure });
    });
    return logged;
  }
}
