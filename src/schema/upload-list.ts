import * as v from "valibot";
import { FailureSchema } from "./failure.ts";
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
  /** Why it failed; of one that is pending or in work, why it cannot be processed. */
  error: v.optional(FailureSchema),
});
export type ListedUpload = v.InferOutput<typeof ListedUploadSchema>;

/** What is in staging among the uploads and cannot be used: it is left where it is. */
export const UnusableEntrySchema = v.object({
  state: v.picklist(["pending", "processing", "failed"]),
  name: v.string(),
  /** Where its name is that of an upload. */
  upload_id: v.optional(v.string()),
  /** What it is, and what to do about it: what follows `staging/<state>/<name>` in a sentence. */
  problem: v.string(),
});
export type UnusableEntry = v.InferOutput<typeof UnusableEntrySchema>;

/** The place of an entry, from the root of the lake, as people are told it. */
export function placeOf({ state, name }: Pick<UnusableEntry, "state" | "name">): string {
  return `staging/${state}/${name}`;
}

/** The answer of `GET /uploads`; servers of before name no unusable entries. */
export const UploadListSchema = v.object({
  uploads: v.array(ListedUploadSchema),
  unusable: v.optional(v.array(UnusableEntrySchema), []),
});
export type UploadList = v.InferOutput<typeof UploadListSchema>;

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
