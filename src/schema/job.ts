import * as v from "valibot";
import { FailureSchema } from "./failure.ts";
import { JobIdSchema, UploadIdSchema } from "./names.ts";
import { PartitionKeySchema } from "./partition.ts";

export const JOB_STATES = ["queued", "running", "completed", "failed", "cancelled"] as const;
export type JobState = (typeof JOB_STATES)[number];

export const UPLOAD_STATES = ["running", "completed", "failed", "cancelled"] as const;

/** Result of checking an upload's labels against the view, with the first invalid ones. */
const LabelOutcomeSchema = v.object({
  checked: v.number(),
  unfit: v.number(),
  /** Count per kind of finding (schema/labels/faults.ts). */
  faults: v.record(v.string(), v.number()),
  first: v.array(
    v.object({
      source_row: v.number(),
      source_name: v.nullable(v.string()),
      kind: v.string(),
      at: v.string(),
      message: v.string(),
    }),
  ),
});

export const RepeatedUploadSchema = v.object({ upload_id: UploadIdSchema, uploaded_at: v.string() });
export type RepeatedUpload = v.InferOutput<typeof RepeatedUploadSchema>;

export const UploadOutcomeSchema = v.object({
  upload_id: UploadIdSchema,
  ...PartitionKeySchema.entries,
  status: v.picklist(UPLOAD_STATES),
  rows: v.number(),
  rejected: v.number(),
  assets: v.object({ stored: v.number(), deduplicated: v.number(), bytes: v.number() }),
  version: v.optional(v.number()),
  /** If the task has a view. */
  labels: v.optional(LabelOutcomeSchema),
  /** With `--text-layer`: pages of documents, and those of them without a word. */
  text_layer: v.optional(v.object({ pages: v.number(), without_text: v.number() })),
  /** The upload that had added exactly these rows to the partition before. */
  repeats: v.optional(RepeatedUploadSchema),
  error: v.optional(FailureSchema),
  /** Where in staging a failed upload remains if it could not be moved to failed. */
  left_in: v.optional(v.picklist(["pending", "processing"])),
  /** Uploader and time (ISO 8601); missing in old records. */
  uploaded_by: v.optional(v.string()),
  uploaded_at: v.optional(v.string()),
});
export type UploadOutcome = v.InferOutput<typeof UploadOutcomeSchema>;

export const JobProgressSchema = v.object({
  uploads_done: v.number(),
  uploads_total: v.number(),
  rows_done: v.number(),
  rows_total: v.number(),
  images_done: v.number(),
  images_total: v.number(),
  bytes_done: v.number(),
  /** Average rows per second, and seconds left at that rate; null while unknown. */
  rows_per_second: v.nullable(v.number()),
  seconds_left: v.nullable(v.number()),
  /** Average bytes per second, and busy worker threads; missing in old records. */
  bytes_per_second: v.optional(v.nullable(v.number())),
  workers_busy: v.optional(v.number()),
  /** The upload in work; missing between uploads and in old records. */
  current: v.optional(
    v.object({
      upload_id: UploadIdSchema,
      rows_done: v.number(),
      rows_total: v.number(),
      bytes_done: v.number(),
    }),
  ),
  /** Current step for display: `assets aihub/책`. */
  step: v.string(),
});
export type JobProgress = v.InferOutput<typeof JobProgressSchema>;

/** `jobs/<job>.json`: one run over the pending uploads. */
export const JobRecordSchema = v.object({
  format: v.literal(1),
  job_id: JobIdSchema,
  status: v.picklist(JOB_STATES),
  created_at: v.string(),
  started_at: v.nullable(v.string()),
  finished_at: v.nullable(v.string()),
  /** Host and pid of its process, to tell a dead job from a running one. */
  holder: v.nullable(v.object({ host: v.string(), pid: v.number() })),
  progress: JobProgressSchema,
  uploads: v.array(UploadOutcomeSchema),
  /** Catalog generation published at the end. */
  generation: v.optional(v.number()),
  error: v.optional(FailureSchema),
});
export type JobRecord = v.InferOutput<typeof JobRecordSchema>;

const TERMINAL: readonly JobState[] = ["completed", "failed", "cancelled"];

export function isTerminal(record: Pick<JobRecord, "status">): boolean {
  return TERMINAL.includes(record.status);
}
