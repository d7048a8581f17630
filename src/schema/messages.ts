import * as v from "valibot";
import { FailureSchema } from "./failure.ts";
import { UploadOutcomeSchema } from "./job.ts";
import { JobIdSchema, Sha256Schema, UploadIdSchema } from "./names.ts";
import { PartitionKeySchema } from "./partition.ts";

/** What the child that does the work is told, one JSON object a line on its stdin. The end of stdin means: die. */
export const ParentMessageSchema = v.variant("type", [
  v.object({
    type: v.literal("start"),
    job_id: JobIdSchema,
    lake: v.object({
      root: v.string(),
      modes: v.object({ folder: v.number(), file: v.number(), asset: v.number() }),
      stale_ms: v.number(),
    }),
    /** The parent's settings, checked where they were loaded. */
    settings: v.record(v.string(), v.unknown()),
    /** Local folder of this job: suspect files of the workers. */
    folder: v.string(),
  }),
  v.object({
    type: v.literal("process"),
    upload_id: UploadIdSchema,
    /** Contents that were in work when a process died: prepared first, alone. */
    suspects: v.array(Sha256Schema),
    /** Contents that killed their process twice: rejected without a look. */
    quarantined: v.array(Sha256Schema),
  }),
  /** Compacts what is due of the partitions that the job changed, and refreshes the catalog. */
  v.object({ type: v.literal("finish"), partitions: v.array(PartitionKeySchema) }),
  /** Is answered by `pong`, whatever it works on. */
  v.object({ type: v.literal("ping") }),
  /** Hands the running upload back to pending. */
  v.object({ type: v.literal("cancel") }),
]);
export type ParentMessage = v.InferOutput<typeof ParentMessageSchema>;

/** What the child says, one JSON object a line on its stdout. */
export const ChildMessageSchema = v.variant("type", [
  v.object({ type: v.literal("ready"), pid: v.number() }),
  v.object({
    type: v.literal("progress"),
    upload_id: UploadIdSchema,
    step: v.string(),
    rows_done: v.number(),
    images_done: v.number(),
    bytes_done: v.number(),
    /** Worker threads that have something to do. */
    workers_busy: v.optional(v.number()),
  }),
  /** The upload is settled: committed, moved to failed, or (cancelled) back in pending. */
  v.object({ type: v.literal("outcome"), upload: UploadOutcomeSchema }),
  /** The answer to `finish`; without a generation when nothing had to be published. */
  v.object({
    type: v.literal("finished"),
    generation: v.optional(v.number()),
    error: v.optional(FailureSchema),
  }),
  v.object({ type: v.literal("pong") }),
  /** The child cannot work at all, and ends. */
  v.object({ type: v.literal("broken"), error: FailureSchema }),
  v.object({
    type: v.literal("log"),
    level: v.picklist(["debug", "info", "warn", "error"]),
    message: v.string(),
    fields: v.record(v.string(), v.unknown()),
  }),
]);
export type ChildMessage = v.InferOutput<typeof ChildMessageSchema>;
