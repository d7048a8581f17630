import { join } from "node:path";
import type { Settings } from "../config.ts";
import { AppError, toAppError } from "../errors.ts";
import { removeTree } from "../lake/files.ts";
import { type Lake, lakeFolders } from "../lake/lake.ts";
import { explainLoss } from "../lake/lost.ts";
import { recoverReplaced } from "../lake/replaced.ts";
import { listUploads } from "../lake/staged-entries.ts";
import { removeAbandoned } from "../lake/work-folder.ts";
import type { Logger } from "../log.ts";
import { failureError } from "../schema/failure.ts";
import type { JobRecord, UploadOutcome } from "../schema/job.ts";
import { formatPartition, type PartitionKey } from "../schema/partition.ts";
import { placeOf } from "../schema/upload-list.ts";
import { ChildDeath, type OnSpawn, startChild, type WorkChild } from "./child-process.ts";
import { processWithRetries } from "./crash-policy.ts";
import { type End, endOf, notPublished, stoppedBy } from "./job-end.ts";
import { leftOutcome } from "./outcome.ts";
import { addFinished, addProgress, beginUpload, createMeter, type Meter } from "./progress.ts";
import { beginRecord, createJobRecord, createRecorder, type Recorder } from "./records.ts";
import { createRemovals, type Removals } from "./removals.ts";
import { settleUnfinished } from "./settle.ts";
import { listStaged, readStaged, type StagedUpload } from "./staged-uploads.ts";
import { sweepSettled } from "./sweep.ts";

export interface JobOptions {
  lake: Lake;
  settings: Settings;
  selfCommand: string[];
  logger: Logger;
  /**
   * Ends the job early; the running upload becomes pending again. With an AppError `shutting_down` as reason
   * the job stays `queued` for the next process, otherwise it ends as `cancelled`.
   */
  signal: AbortSignal;
  /** An unfinished job to continue; default a new one. */
  record?: JobRecord;
  onChange?(record: JobRecord): void;
  /** Throws `locked` if another process may be working on the lake; unfinished work is then left to it. */
  confirm?(): Promise<void>;
  onSpawn?: OnSpawn;
  /** Asked when the queue is empty: whether somebody staged more during that look. Without, the job ends. */
  looksAgain?(): boolean;
  /** Run at a lower priority, so that a server stays responsive. */
  inBackground?: boolean;
}

/** How long a child may take to stop before it is killed and its upload made pending. */
const STOP_TIMEOUT_MS = 7000;

/**
 * Runs a job over the pending uploads, including new arrivals, in a child process. The caller holds the
 * lake's process lease. Returns the final record; throws only if it cannot be written.
 */
export async function runJob(options: JobOptions): Promise<JobRecord> {
  const { lake, signal, logger } = options;
  const record = beginRecord(options.record ?? createJobRecord(), await listUploads(lake, "processing"));
  const recorder = createRecorder(lake, record, { confirm: options.confirm });
  const left = new Set<string>();
  const run: JobRun = {
    options,
    record,
    recorder,
    meter: createMeter(record),
    folder: join(options.settings.scratchFolder, "jobs", record.job_id),
    child: undefined,
    removals: createRemovals({
      lake,
      logger,
      recorder,
      onLeft: (uploadId) => left.add(uploadId),
      confirm: async () => options.confirm?.(),
    }),
    left,
    unpublished: new Map(),
  };
  for (const upload of record.uploads) noteChange(run, upload);
  await removeAbandoned(options.settings.scratchFolder);
  let stopTimer: ReturnType<typeof setTimeout> | undefined;
  const onAbort = () => {
    run.child?.cancel();
    stopTimer = setTimeout(() => run.child?.kill(), STOP_TIMEOUT_MS);
  };
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    await run.recorder.flush();
    announce(run, "starting");
    for (const folder of lakeFolders(lake.layout)) await recoverReplaced(folder);
    await sweepSettled(lake, (path, error) =>
      logger.warn("the folder of a finished upload cannot be removed", { path, error }),
    );
    while (!signal.aborted && ((await processQueue(run)) || options.looksAgain?.())) {
      // also take uploads that arrived during the refresh
    }
    await close(run, signal.aborted ? stoppedBy(signal, run.unpublished.size > 0) : endOf(record));
  } catch (error) {
    const { code, message } = toAppError(explainLoss(lake, error)).toDocument().error;
    // Stopping is no failure. Neither is losing the lake to another process, which explains missing files.
    if (!(await stillHolds(options))) logger.debug("the job ends", { job_id: record.job_id, error });
    else if (signal.aborted) logger.warn("the job was stopped", { job_id: record.job_id, error });
    else logger.error("the job failed", { job_id: record.job_id, error });
    const failed: End = { status: "failed", error: { code, message } };
    await close(run, signal.aborted ? stoppedBy(signal, run.unpublished.size > 0) : failed);
  } finally {
    signal.removeEventListener("abort", onAbort);
    clearTimeout(stopTimer);
    await removeTree(run.folder);
  }
  return record;
}

interface JobRun {
  options: JobOptions;
  record: JobRecord;
  recorder: Recorder;
  meter: Meter;
  folder: string;
  child: WorkChild | undefined;
  removals: Removals;
  /** Uploads that stay in place; not retried by this job. */
  left: Set<string>;
  unpublished: Map<string, PartitionKey>;
}

/** Processes the queue and publishes; returns whether there was work. */
async function processQueue(run: JobRun): Promise<boolean> {
  const { lake, signal, logger } = run.options;
  let found = false;
  for (;;) {
    const options = { patient: true, without: run.left };
    const { uploads: waiting, unusable } = await readStaged(lake, ["processing", "pending"], options);
    if (waiting.length === 0 || signal.aborted) break;
    if (!found) for (const entry of unusable) logger.warn(`${placeOf(entry)} ${entry.problem}`);
    found = true;
    run.meter.expect(waiting);
    for (const upload of waiting) {
      if (signal.aborted) return found;
      await processOne(run, upload);
    }
    await run.removals.settle();
  }
  if (!signal.aborted && run.unpublished.size > 0) await publish(run);
  return found;
}

function noteChange(run: JobRun, { status, ...upload }: UploadOutcome): void {
  if (status !== "completed") return;
  const { provider, dataset, task, variant } = upload;
  const key = { provider, dataset, task, variant };
  run.unpublished.set(formatPartition(key), key);
}

async function processOne(run: JobRun, staged: StagedUpload): Promise<void> {
  const { record, recorder, options } = run;
  beginUpload(record, staged);
  announce(run, "starting");
  const outcome =
    (await refuseReplacement(run, staged)) ??
    (await processWithRetries(staged, {
      ...options,
      jobId: record.job_id,
      folder: run.folder,
      child: () => ensureChild(run),
      dropChild: () => {
        run.child = undefined;
      },
    }));
  addFinished(record, outcome, run.meter);
  noteChange(run, outcome);
  if (outcome.left_in !== undefined) run.left.add(outcome.upload_id);
  announce(run, `${outcome.status} ${outcome.provider}/${outcome.dataset}`);
  if (outcome.status === "completed") {
    run.removals.add(outcome);
  } else {
    void recorder.save().catch(() => {});
  }
}

/**
 * A replacement clears the log: uploads committed earlier must be gone, or a crash would process them again.
 */
async function refuseReplacement(
  run: JobRun,
  { upload_id, manifest, status }: StagedUpload,
): Promise<UploadOutcome | undefined> {
  if (manifest?.mode !== "replace") return undefined;
  await run.removals.settle();
  const partition = formatPartition(manifest);
  if (!run.removals.unremoved.has(partition)) return undefined;
  const error = new AppError(
    "conflict",
    `an upload to ${partition} is done, but cannot be removed from staging/processing (see the log); remove it there, and run \`datalake process start\``,
  );
  return leftOutcome(upload_id, manifest, error, status === "processing" ? status : "pending");
}

async function ensureChild(run: JobRun): Promise<WorkChild> {
  if (run.child) return run.child;
  const { lake, settings, selfCommand, logger } = run.options;
  run.child = await startChild({
    selfCommand,
    lake,
    settings,
    jobId: run.record.job_id,
    folder: run.folder,
    logger,
    onSpawn: run.options.onSpawn,
    inBackground: run.options.inBackground,
    onProgress: (progress) => {
      addProgress(run.record, progress, run.meter);
      announce(run, progress.step);
    },
  });
  return run.child;
}

/** Compacts and refreshes the catalog, with one retry if the child dies. */
async function publish(run: JobRun): Promise<void> {
  announce(run, "publishing the catalog");
  for (let attempt = 1; ; attempt++) {
    try {
      const { generation, error } = await (await ensureChild(run)).finish([...run.unpublished.values()]);
      if (generation !== undefined) run.record.generation = generation;
      const isHidden = generation === undefined && !run.options.signal.aborted;
      if (error) throw failureError(isHidden ? notPublished(error) : error);
      run.unpublished.clear();
      return;
    } catch (error) {
      if (!(error instanceof ChildDeath)) throw error;
      run.child = undefined;
      if (attempt === 2 || run.options.signal.aborted) {
        throw new AppError(
          "worker_crashed",
          "publishing the catalog failed; run `datalake catalog rebuild`",
          {
            cause: error,
          },
        );
      }
    }
  }
}

/** Ends the child, hands back its work and writes the final record. */
async function close(run: JobRun, end: End): Promise<void> {
  const { lake, logger } = run.options;
  await run.child?.close();
  run.child = undefined;
  if (!(await isOurs(run))) return;
  await run.removals
    .settle()
    .catch((error) => logger.error("the job's record could not be written", { error }));
  for (const left of await listStaged(lake, ["processing"])) {
    const settled = run.record.uploads.some(
      (upload) => upload.upload_id === left.upload_id && upload.status === "completed",
    );
    // A settled upload stays: the next job recognizes it by the partition's log.
    if (!settled && !run.left.has(left.upload_id)) await settleUnfinished(lake, left.upload_id, logger);
  }
  const { record } = run;
  record.uploads = record.uploads.filter((upload) => upload.status !== "running");
  record.status = end.status;
  if (end.error) record.error = end.error;
  if (end.status === "queued") record.holder = null;
  else record.finished_at = new Date().toISOString();
  announce(run, end.status);
  await run.recorder.flush();
}

async function stillHolds({ confirm }: JobOptions): Promise<boolean> {
  try {
    await confirm?.();
    return true;
  } catch {
    return false;
  }
}

/** Whether this process still holds the lake; otherwise the job ends here and the new holder continues. */
async function isOurs({ options, record }: JobRun): Promise<boolean> {
  try {
    await options.confirm?.();
    return true;
  } catch (error) {
    const { code, message } = toAppError(error).toDocument().error;
    options.logger.error("the job was taken over by another process", { job_id: record.job_id, error });
    Object.assign(record, { status: "failed", error: { code, message } });
    return false;
  }
}

function announce(run: JobRun, step: string): void {
  run.record.progress.step = step;
  run.meter.refresh();
  run.options.onChange?.(run.record);
}
