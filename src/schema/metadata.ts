import * as v from "valibot";
import { ColumnStatsSchema, FeaturesSchema } from "./columns.ts";
import { Sha256Schema } from "./names.ts";
import { PartitionKeySchema } from "./partition.ts";
import { IMAGE_POLICIES, UPLOAD_MODES } from "./upload.ts";
import { CountSchema, isTime } from "./values.ts";

const Text = v.fallback(v.string(), "");
const Count = v.fallback(CountSchema, 0);
const NO_ENTRY = {
  upload_id: "",
  version: 0,
  mode: "append" as const,
  rows: 0,
  rejected: 0,
  uploaded_by: "",
  uploaded_at: "",
  description: "",
  source: "",
};

/**
 * One entry of a partition's log: the upload that made a version. The rows of a partition do not depend on it, and
 * it is in files that never change: what is no value of its field (other versions of this program checked less) is
 * read as an empty one. `uploaded_at` is kept as the text that it is; `loggedTime` says whether it is a time.
 */
export const UploadLogEntrySchema = v.fallback(
  v.object({
    upload_id: Text,
    version: Count,
    mode: v.fallback(v.picklist(UPLOAD_MODES), "append"),
    rows: Count,
    rejected: Count,
    /** The policy by which its images were stored; absent in lakes that did not note it. */
    images: v.fallback(v.optional(v.picklist(IMAGE_POLICIES)), undefined),
    uploaded_by: Text,
    uploaded_at: Text,
    description: Text,
    source: Text,
  }),
  NO_ENTRY,
);
export type UploadLogEntry = v.InferOutput<typeof UploadLogEntrySchema>;

/** When an upload was made, in UTC (`2026-11-29T11:04:50.123Z`); null where its log entry names no time. */
export function loggedTime(entry: Pick<UploadLogEntry, "uploaded_at"> | undefined): string | null {
  return entry !== undefined && isTime(entry.uploaded_at) ? new Date(entry.uploaded_at).toISOString() : null;
}

/** Absent from files of version 0.1.0. */
const AttemptSchema = v.fallback(v.optional(v.string()), undefined);

const UploadLogSchema = v.fallback(v.array(UploadLogEntrySchema), []);

/**
 * The value of the Parquet key-value entry `datalake`, the truth about a partition's file. `version` is what a base
 * stands for (every delta up to it is dead), or what a delta appended. `uploads` is the log of what made its rows;
 * a base that replaced the partition keeps only the entries from that replacement on.
 */
export const PartitionFileKeySchema = v.object({
  format: v.literal(1),
  kind: v.picklist(["base", "delta"]),
  version: CountSchema,
  rows: CountSchema,
  uploads: UploadLogSchema,
  /** Of the attempt that wrote it: tells the file from one that another host wrote for the same version. */
  attempt: AttemptSchema,
});
export type PartitionFileKey = v.InferOutput<typeof PartitionFileKeySchema>;

export const PartitionFileSchema = v.object({
  name: v.string(),
  kind: v.picklist(["base", "delta"]),
  version: CountSchema,
  rows: CountSchema,
  /** As in the file itself. */
  attempt: AttemptSchema,
  bytes: CountSchema,
  sha256: Sha256Schema,
  columns: v.array(ColumnStatsSchema),
});
export type PartitionFile = v.InferOutput<typeof PartitionFileSchema>;

/** `_metadata.json` of a partition: what its live files say of themselves, for people and for quick look-ups. */
export const PartitionMetadataSchema = v.object({
  format: v.literal(1),
  ...PartitionKeySchema.entries,
  version: CountSchema,
  base_version: CountSchema,
  rows: CountSchema,
  bytes: CountSchema,
  /** Live files: the base first, then deltas by version. */
  files: v.array(PartitionFileSchema),
  /** Columns of all files together: the common type, and the rows in which each is NULL or absent. */
  columns: v.array(ColumnStatsSchema),
  features: FeaturesSchema,
  uploads: UploadLogSchema,
});
export type PartitionMetadata = v.InferOutput<typeof PartitionMetadataSchema>;
