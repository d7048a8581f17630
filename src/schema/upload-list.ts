import * as v from "valibot";
import { FailureSchema } from "./failure.ts";
import { UploadIdSchema } from "./names.ts";

/** An upload in any state, as shown to its owner. */
export const ListedUploadSchema = v.object({
  upload_id: UploadIdSchema,
  status: v.picklist(["pending", "processing", "completed", "failed"]),
  /** Null if the upload is unreadable. */
  provider: v.nullable(v.string()),
  dataset: v.nullable(v.string()),
  task: v.nullable(v.string()),
  variant: v.nullable(v.string()),
  /** Staged rows; for a completed upload published rows. */
  rows: v.nullable(v.number()),
  /** Null before processing. */
  rejected: v.nullable(v.number()),
  uploaded_by: v.nullable(v.string()),
  uploaded_at: v.nullable(v.string()),
  age_seconds: v.nullable(v.number()),
  job_id: v.nullable(v.string()),
  failed_at: v.optional(v.string()),
  /** A completed one that is stored, and not in the catalog until a rebuild. */
  unpublished: v.optional(v.literal(true)),
  /** Why it failed, or why a pending or running one cannot be processed. */
  error: v.optional(FailureSchema),
});
export type ListedUpload = v.InferOutput<typeof ListedUploadSchema>;

/** An entry of staging that is not a usable upload; it is left in place. */
export const UnusableEntrySchema = v.object({
  state: v.picklist(["pending", "processing", "failed"]),
  name: v.string(),
  /** If its name is an upload id. */
  upload_id: v.optional(v.string()),
  /** Problem and advice; follows `staging/<state>/<name>` in a sentence. */
  problem: v.string(),
});
export type UnusableEntry = v.InferOutput<typeof UnusableEntrySchema>;

/** Display path of an entry, relative to the lake. */
export function placeOf({ state, name }: Pick<UnusableEntry, "state" | "name">): string {
  return `staging/${state}/${name}`;
}

/** Response of `GET /uploads`; older servers list no unusable entries. */
export const UploadListSchema = v.object({
  uploads: v.array(ListedUploadSchema),
  unusable: v.optional(v.array(UnusableEntrySchema), []),
});
export type UploadList = v.InferOutput<typeof UploadListSchema>;

/** A rejected row; `source_row` counts from 0 in the input. */
export const RejectedRowSchema = v.object({
  source_row: v.number(),
  source_name: v.nullable(v.string()),
  reason: v.string(),
  /** Of the image, or the document, that it brought, where that is kept: `GET /uploads/{id}/rejects/{sha256}`. */
  source_hash: v.optional(v.nullable(v.string()), null),
  /** Of that document, from 1: `?page=`. */
  page: v.optional(v.nullable(v.number()), null),
  /** Of the asset that it brought or refers to, relative to `assets/`. */
  path: v.optional(v.nullable(v.string()), null),
});
export type RejectedRow = v.InferOutput<typeof RejectedRowSchema>;

/** The document of `process rejects`: number of rejected rows, and the first of them. */
export const RejectListSchema = v.object({
  upload_id: UploadIdSchema,
  rejected: v.number(),
  rejects: v.array(RejectedRowSchema),
});
export type RejectList = v.InferOutput<typeof RejectListSchema>;
