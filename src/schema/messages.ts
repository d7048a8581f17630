import * as v from "valibot";
import { FailureSchema } from "./failure.ts";
import { UploadOutcomeSchema } from "./job.ts";
import { JobIdSchema, Sha256Schema, UploadIdSchema } from "./names.ts";
import { PartitionKeySchema } from "./partition.ts";

/** Messages to the working child, one JSON object per stdin line. The end of stdin means: exit at once. */
export const ParentMessageSchema = v.variant("type", [
  v.object({
    type: v.literal("start"),
    job_id: JobIdSchema,
    lake: v.object({
      root: v.string(),
      modes: v.object({ folder: v.number(), file: v.number(), asset: v.number() }),
      stale_ms: v.number(),
    }),
    /** The parent's settings, already validated. */
    settings: v.record(v.string(), v.unknown()),
    /** Local folder of this job, for suspect files. */
    folder: v.string(),
  }),
  v.object({
    type: v.literal("process"),
    upload_id: UploadIdSchema,
    /** Contents being processed when a process died: prepared first, one by one. */
    suspects: v.array(Sha256Schema),
    /** Contents that killed their process twice: rejected unread. */
    quarantined: v.array(Sha256Schema),
  }),
  /** Compacts changed partitions where due, and refreshes the catalog. */
  v.object({ type: v.literal("finish"), partitions: v.array(PartitionKeySchema) }),
  /** Answered by `pong`, even while busy. */
  v.object({ type: v.literal("ping") }),
  /** Makes the running upload pending again. */
  v.object({ type: v.literal("cancel") }),
]);
export type ParentMessage = v.InferOutput<typeof ParentMessageSchema>;

/** Messages from the child, one JSON object per stdout line. */
export const ChildMessageSchema = v.variant("type", [
  v.object({ type: v.literal("ready"), pid: v.number() }),
  v.object({
    type: v.literal("progress"),
    upload_id: UploadIdSchema,
    step: v.string(),
    rows_done: v.number(),
    images_done: v.number(),
    bytes_done: v.number(),
    workers_busy: v.optional(v.number()),
  }),
  /** The upload is settled: committed, failed, or pending again after a cancellation. */
  v.object({ type: v.literal("outcome"), upload: UploadOutcomeSchema }),
  /** Response to `finish`; no generation if there was nothing to publish. */
  v.object({
    type: v.literal("finished"),
    generation: v.optional(v.number()),
    error: v.optional(FailureSchema),
  }),
  v.object({ type: v.literal("pong") }),
  /** The child cannot work and exits. */
  v.object({ type: v.literal("broken"), error: FailureSchema }),
  v.object({
    type: v.literal("log"),
    level: v.picklist(["debug", "info", "warn", "error"]),
    message: v.string(),
    fields: v.record(v.string(), v.unknown()),
  }),
]);
export type ChildMessage = v.InferOutput<typeof ChildMessageSchema>;
