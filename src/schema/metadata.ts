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
 * A log entry of a partition: the upload that made a version. Rows do not depend on it, and files never
 * change, so an invalid field (earlier versions checked less) is read as empty. `uploaded_at` keeps its text;
 * `loggedTime` validates it.
 */
export const UploadLogEntrySchema = v.fallback(
  v.object({
    upload_id: Text,
    version: Count,
    mode: v.fallback(v.picklist(UPLOAD_MODES), "append"),
    rows: Count,
    rejected: Count,
    /** Image policy of the upload; absent in lakes that did not record it. */
    images: v.fallback(v.optional(v.picklist(IMAGE_POLICIES)), undefined),
    uploaded_by: Text,
    uploaded_at: Text,
    description: Text,
    source: Text,
    /** Absent where the upload names none. */
    license: v.fallback(v.optional(v.string()), undefined),
    /** Of the file in which its rows were staged; absent in lakes that did not record it. */
    rows_sha256: v.fallback(v.optional(Sha256Schema), undefined),
  }),
  NO_ENTRY,
);
export type UploadLogEntry = v.InferOutput<typeof UploadLogEntrySchema>;

/** Time of an upload in UTC (`2026-11-29T11:04:50.123Z`); null if its log entry has no valid time. */
export function loggedTime(entry: Pick<UploadLogEntry, "uploaded_at"> | undefined): string | null {
  return entry !== undefined && isTime(entry.uploaded_at) ? new Date(entry.uploaded_at).toISOString() : null;
}

/** Missing in files of version 0.1.0. */
const AttemptSchema = v.fallback(v.optional(v.string()), undefined);

const UploadLogSchema = v.fallback(v.array(UploadLogEntrySchema), []);

/**
 * The Parquet key-value entry `datalake`, the authoritative metadata of a partition's file. `version`: a base
 * covers all deltas up to it; a delta is that version. `uploads`: the log of its rows; a base that replaced
 * the partition keeps entries from the replacement on.
 */
export const PartitionFileKeySchema = v.object({
  format: v.literal(1),
  kind: v.picklist(["base", "delta"]),
  version: CountSchema,
  rows: CountSchema,
  uploads: UploadLogSchema,
  /** Attempt that wrote it; distinguishes files that two hosts wrote for one version. */
  attempt: AttemptSchema,
  /** Columns of lists whose type nothing said when they were uploaded; absent without. */
  open: v.fallback(v.optional(v.array(v.string())), undefined),
});
export type PartitionFileKey = v.InferOutput<typeof PartitionFileKeySchema>;

export const PartitionFileSchema = v.object({
  name: v.string(),
  kind: v.picklist(["base", "delta"]),
  version: CountSchema,
  rows: CountSchema,
  /** As in the file. */
  attempt: AttemptSchema,
  bytes: CountSchema,
  sha256: Sha256Schema,
  columns: v.array(ColumnStatsSchema),
});
export type PartitionFile = v.InferOutput<typeof PartitionFileSchema>;

/** `_metadata.json` of a partition: a summary of its live files for people and quick look-ups. */
export const PartitionMetadataSchema = v.object({
  format: v.literal(1),
  ...PartitionKeySchema.entries,
  version: CountSchema,
  base_version: CountSchema,
  rows: CountSchema,
  bytes: CountSchema,
  /** Live files: the base, then deltas by version. */
  files: v.array(PartitionFileSchema),
  /** Merged columns of all files: the common type, and the number of rows where each is NULL or absent. */
  columns: v.array(ColumnStatsSchema),
  features: FeaturesSchema,
  uploads: UploadLogSchema,
});
export type PartitionMetadata = v.InferOutput<typeof PartitionMetadataSchema>;
