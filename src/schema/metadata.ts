import * as v from "valibot";
import { ColumnStatsSchema, FeaturesSchema } from "./columns.ts";
import { UploadIdSchema } from "./names.ts";
import { PartitionKeySchema } from "./partition.ts";
import { UPLOAD_MODES } from "./upload.ts";

/** One entry of a partition's log: the upload that made a version. */
export const UploadLogEntrySchema = v.object({
  upload_id: UploadIdSchema,
  version: v.number(),
  mode: v.picklist(UPLOAD_MODES),
  rows: v.number(),
  rejected: v.number(),
  uploaded_by: v.string(),
  uploaded_at: v.string(),
  description: v.string(),
  source: v.string(),
});
export type UploadLogEntry = v.InferOutput<typeof UploadLogEntrySchema>;

/**
 * The value of the Parquet key-value entry `datalake`, the truth about a partition's file. `version` is what a base
 * stands for (every delta up to it is dead), or what a delta appended. `uploads` is the log of what made its rows;
 * a base that replaced the partition keeps only the entries from that replacement on.
 */
export const PartitionFileKeySchema = v.object({
  format: v.literal(1),
  kind: v.picklist(["base", "delta"]),
  version: v.number(),
  rows: v.number(),
  uploads: v.array(UploadLogEntrySchema),
});
export type PartitionFileKey = v.InferOutput<typeof PartitionFileKeySchema>;

export const PartitionFileSchema = v.object({
  name: v.string(),
  kind: v.picklist(["base", "delta"]),
  version: v.number(),
  rows: v.number(),
  bytes: v.number(),
  sha256: v.string(),
  columns: v.array(ColumnStatsSchema),
});
export type PartitionFile = v.InferOutput<typeof PartitionFileSchema>;

/** `_metadata.json` of a partition: what its live files say of themselves, for people and for quick look-ups. */
export const PartitionMetadataSchema = v.object({
  format: v.literal(1),
  ...PartitionKeySchema.entries,
  version: v.number(),
  base_version: v.number(),
  rows: v.number(),
  bytes: v.number(),
  /** Live files: the base first, then deltas by version. */
  files: v.array(PartitionFileSchema),
  /** Columns of all files together: the common type, and the rows in which each is NULL or absent. */
  columns: v.array(ColumnStatsSchema),
  features: FeaturesSchema,
  uploads: v.array(UploadLogEntrySchema),
});
export type PartitionMetadata = v.InferOutput<typeof PartitionMetadataSchema>;
