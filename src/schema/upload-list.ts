import * as v from "valibot";
import { UploadIdSchema } from "./names.ts";

/** An upload as its owner sees it, wherever it is on its way. */
export const ListedUploadSchema = v.object({
  upload_id: UploadIdSchema,
  status: v.picklist(["pending", "processing", "completed", "failed"]),
  /** Null where the upload cannot be read. */
  provider: v.nullable(v.string()),
  dataset: v.nullable(v.string()),
  task: v.nullable(v.string()),
  variant: v.nullable(v.string()),
  /** Rows that it brought; of a completed one those that were published. */
  rows: v.nullable(v.number()),
  /** Null before it was processed. */
  rejected: v.nullable(v.number()),
  uploaded_by: v.nullable(v.string()),
  uploaded_at: v.nullable(v.string()),
  age_seconds: v.nullable(v.number()),
  job_id: v.nullable(v.string()),
  failed_at: v.optional(v.string()),
  error: v.optional(v.object({ code: v.string(), message: v.string() })),
});
export type ListedUpload = v.InferOutput<typeof ListedUploadSchema>;

/** A row that could not be used; `source_row` counts from 0 in the input. */
export const RejectedRowSchema = v.object({
  source_row: v.number(),
  source_name: v.nullable(v.string()),
  reason: v.string(),
});
export type RejectedRow = v.InferOutput<typeof RejectedRowSchema>;

/** The document of `process rejects`: how many rows were rejected, and the first of them. */
export const RejectListSchema = v.object({
  upload_id: UploadIdSchema,
  rejected: v.number(),
  rejects: v.array(RejectedRowSchema),
});
export type RejectList = v.InferOutput<typeof RejectListSchema>;
