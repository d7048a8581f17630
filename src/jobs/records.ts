import { readdir } from "node:fs/promises";
import { hostname } from "node:os";
import { AppError, toAppError } from "../errors.ts";
import { isMissing } from "../lake/files.ts";
import { readJson, writeJson } from "../lake/json-file.ts";
import type { Lake } from "../lake/lake.ts";
import { nameBefore } from "../lake/replaced.ts";
import { isTerminal, type JobRecord, JobRecordSchema } from "../schema/job.ts";
import { createJobId } from "../schema/names.ts";

/** A new job of this process, not yet written. */
export function createJobRecord(): JobRecord {
  return {
    format: 1,
    job_id: createJobId(),
    status: "queued",
    created_at: new Date().toISOString(),
    started_at: null,
    finished_at: null,
    holder: { host: hostname(), pid: process.pid },
    progress: {
      uploads_done: 0,
      uploads_total: 0,
      rows_done: 0,
      rows_total: 0,
      images_done: 0,
      images_total: 0,
      bytes_done: 0,
      rows_per_second: null,
      seconds_left: null,
      step: "queued",
    },
    uploads: [],
  };
}

/** Marks a record as a running job of this process. Only settled uploads stay; `processing` runs again. */
export function beginRecord(record: JobRecord, processing: readonly string[]): JobRecord {
  const again = new Set(processing);
  const fresh = createJobRecord();
  const uploads = record.uploads.filter(
    ({ upload_id, status }) => (status === "completed" || status === "failed") && !again.has(upload_id),
  );
  const progress = { ...fresh.progress };
  for (const { rows, rejected, assets } of uploads) {
    progress.uploads_done += 1;
    progress.rows_done += rows + rejected;
    progress.images_done += assets.stored + assets.deduplicated;
    progress.bytes_done += assets.bytes;
  }
  progress.uploads_total = progress.uploads_done;
  progress.rows_total = progress.rows_done;
  progress.images_total = progress.images_done;
  const started_at = record.started_at ?? new Date().toISOString();
  return Object.assign(record, { status: "running", started_at, holder: fresh.holder, progress, uploads });
}

/** Reads a job. Throws `not_found`, `corrupt`. */
export async function readJob(lake: Lake, jobId: string): Promise<JobRecord> {
  const known = /^j[0-9a-f]{32}$/.test(jobId);
  const record = known ? await readJson(lake.layout.job(jobId), JobRecordSchema, lake.view) : undefined;
  if (record === undefined) {
    throw new AppError("not_found", `no job ${jobId}; see \`datalake process list\``, {
      details: { job_id: jobId },
    });
  }
  return record;
}

const MAX_DAMAGED = 100;

/** The newest jobs, newest first; opens only as many files as needed. Skips damaged records. */
export async function listJobs(lake: Lake, limit: number): Promise<JobRecord[]> {
  const records: JobRecord[] = [];
  for (const id of (await listJobIds(lake)).slice(0, limit + MAX_DAMAGED)) {
    if (records.length >= limit) break;
    const record = await readJob(lake, id).catch(() => undefined);
    if (record !== undefined) records.push(record);
  }
  return records;
}

/** Ids of all jobs, newest first (ids sort by time). */
export async function listJobIds(lake: Lake): Promise<string[]> {
  const names = await readdir(lake.layout.jobs).catch((error) => {
    if (isMissing(error)) return [];
    throw error;
  });
  const ids = names
    .map((name) => /^(j[0-9a-f]{32})\.json$/.exec(nameBefore(name) ?? name)?.[1])
    .filter((id) => id !== undefined);
  return [...new Set(ids)].sort().reverse();
}

/** Unreadable records among the newest, with reasons. */
export async function findDamagedJobs(lake: Lake): Promise<AppError[]> {
  const ids = (await listJobIds(lake)).slice(0, MAX_DAMAGED);
  // Concurrently, since a lagging mount makes each read wait.
  const read = ids.map((id) => readJob(lake, id).then(() => undefined, toAppError));
  return (await Promise.all(read)).filter(
    (error) => error !== undefined && error.code !== "not_found",
  ) as AppError[];
}

/**
 * The unfinished job of a dead process, if any. It can only be the newest: a lake runs one job at a time
 * under a lease, and an unfinished one is resumed before the next.
 */
export async function findUnfinishedJob(lake: Lake): Promise<JobRecord | undefined> {
  const [newest] = await listJobs(lake, 1);
  return newest === undefined || isTerminal(newest) ? undefined : newest;
}

export interface Recorder {
  /** Schedules a write of the current record; resolves when it is durable. */
  save(): Promise<void>;
  flush(): Promise<void>;
}

export interface RecorderOptions {
  intervalMs?: number;
  confirm?: (() => Promise<void>) | undefined;
}

/**
 * Writes `record`, which its owner changes in place, atomically and at most once per `intervalMs`, so that
 * many small uploads share a write. `confirm` runs before each write and throws if another process may own
 * the work and thus the record.
 */
export function createRecorder(
  lake: Lake,
  record: JobRecord,
  { intervalMs = 1000, confirm }: RecorderOptions = {},
): Recorder {
  let writing: Promise<void> = Promise.resolve();
  let next: { done: Promise<void>; start: () => void } | undefined;
  const write = () => {
    writing = writing
      .catch(() => {}) // reported to its caller
      .then(() => confirm?.())
      .then(() => writeJson(lake.layout.job(record.job_id), record, lake.modes));
    return writing;
  };
  const schedule = () => {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    promise.catch(() => {}); // an unawaited save must not end the process
    const start = () => {
      clearTimeout(timer);
      next = undefined;
      write().then(resolve, reject);
    };
    const timer = setTimeout(start, intervalMs);
    return { done: promise, start };
  };
  return {
    save: () => {
      next ??= schedule();
      return next.done;
    },
    flush: async () => {
      if (next === undefined) return write();
      const { done, start } = next;
      start();
      return done;
    },
  };
}
