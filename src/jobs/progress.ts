import type { JobRecord, UploadOutcome } from "../schema/job.ts";
import type { ChildMessage } from "../schema/messages.ts";
import type { UploadManifest } from "../schema/upload.ts";
import { emptyOutcome } from "./outcome.ts";
import type { StagedUpload } from "./staged-uploads.ts";

type Progress = Extract<ChildMessage, { type: "progress" }>;

/** Maintains the totals of a job's record: settled uploads plus the running one. */
export interface Meter {
  /** Adds uploads to process, each counted once. */
  expect(uploads: StagedUpload[]): void;
  settle(outcome: UploadOutcome): void;
  running(progress: Progress): void;
  refresh(): void;
}

interface Amounts {
  rows: number;
  images: number;
  bytes: number;
}

export function createMeter(record: JobRecord, now: () => number = () => performance.now()): Meter {
  const startedAt = now();
  const expected = new Map<string, Amounts>();
  const base: Amounts = { rows: 0, images: 0, bytes: 0 };
  const atStart: Amounts = {
    rows: record.progress.rows_done,
    images: record.progress.images_done,
    bytes: record.progress.bytes_done,
  };
  Object.assign(base, atStart);
  let current: Amounts = { rows: 0, images: 0, bytes: 0 };
  const refresh = () => {
    const { progress } = record;
    progress.rows_done = base.rows + current.rows;
    progress.images_done = base.images + current.images;
    progress.bytes_done = base.bytes + current.bytes;
    const seconds = (now() - startedAt) / 1000;
    const rate = seconds > 0.5 ? (progress.rows_done - atStart.rows) / seconds : 0;
    progress.rows_per_second = rate > 0 ? rate : null;
    const bytesRate = seconds > 0.5 ? (progress.bytes_done - atStart.bytes) / seconds : 0;
    progress.bytes_per_second = bytesRate > 0 ? bytesRate : null;
    progress.seconds_left = rate > 0 ? Math.max(0, progress.rows_total - progress.rows_done) / rate : null;
  };
  return {
    expect: (uploads) => {
      for (const { upload_id, manifest } of uploads) {
        if (expected.has(upload_id)) continue;
        expected.set(upload_id, {
          rows: manifest?.rows ?? 0,
          images: imagesOf(manifest),
          bytes: manifest?.staged_bytes ?? 0,
        });
        record.progress.uploads_total += 1;
        record.progress.rows_total += manifest?.rows ?? 0;
        record.progress.images_total += imagesOf(manifest);
      }
    },
    settle: (outcome) => {
      const whole = expected.get(outcome.upload_id) ?? current;
      base.rows += whole.rows;
      base.images += whole.images;
      base.bytes += whole.bytes;
      current = { rows: 0, images: 0, bytes: 0 };
      record.progress.workers_busy = 0;
      record.progress.uploads_done += 1;
      refresh();
    },
    running: (progress) => {
      record.progress.workers_busy = progress.workers_busy ?? 0;
      current = { rows: progress.rows_done, images: progress.images_done, bytes: progress.bytes_done };
      refresh();
    },
    refresh,
  };
}

export function beginUpload(record: JobRecord, staged: StagedUpload): void {
  record.uploads = record.uploads.filter((upload) => upload.upload_id !== staged.upload_id);
  record.uploads.push(emptyOutcome(staged.upload_id, staged.manifest, "running"));
  const { upload_id, manifest } = staged;
  record.progress.current = { upload_id, rows_done: 0, rows_total: manifest?.rows ?? 0, bytes_done: 0 };
}

export function addProgress(record: JobRecord, progress: Progress, meter: Meter): void {
  const { current } = record.progress;
  if (current?.upload_id !== progress.upload_id) return;
  current.rows_done = progress.rows_done;
  current.bytes_done = progress.bytes_done;
  meter.running(progress);
}

/** Replaces the running entry by its outcome. An upload handed back is removed from the job. */
export function addFinished(record: JobRecord, outcome: UploadOutcome, meter: Meter): void {
  record.uploads.pop();
  delete record.progress.current;
  record.uploads.push(outcome);
  if (outcome.status !== "cancelled") meter.settle(outcome);
}

/** Of an upload of documents each row is an image; of others several rows may have one. */
function imagesOf(manifest: UploadManifest | undefined): number {
  return (manifest?.pages === undefined ? manifest?.contents : manifest.rows) ?? 0;
}
