import * as v from "valibot";
import { ColumnSchema } from "./columns.ts";
import { PartitionKeySchema } from "./partition.ts";

/** A partition whose newest rows the catalog does not hold: the code and message say why, and what to do. */
export const LeftOutPartitionSchema = v.object({
  ...PartitionKeySchema.entries,
  code: v.string(),
  message: v.string(),
});

/** What the published catalog is: the document of `catalog info`. */
export const CatalogInfoSchema = v.object({
  format: v.number(),
  generation: v.number(),
  built_at: v.string(),
  merged_generation: v.number(),
  rows: v.number(),
  partitions: v.number(),
  /** Columns of the view `catalog`, the partition's four names included. */
  columns: v.array(ColumnSchema),
  /** Columns that it does not show; none in a catalog of an earlier version. */
  columns_left_out: v.optional(v.array(v.string()), []),
  /** Partitions whose newest rows it does not hold, and why. */
  left_out: v.optional(v.array(LeftOutPartitionSchema), []),
  /** Size of the published file. */
  bytes: v.number(),
  path: v.string(),
});

/** A partition of the catalog; `bytes` of its Parquet files, `uploaded_at` in ISO 8601, null where nobody knows. */
export const CatalogPartitionSchema = v.object({
  ...PartitionKeySchema.entries,
  rows: v.number(),
  bytes: v.number(),
  version: v.number(),
  uploaded_by: v.string(),
  uploaded_at: v.nullable(v.string()),
});
export const CatalogPartitionsSchema = v.object({ partitions: v.array(CatalogPartitionSchema) });

/** What a rebuild did: the document of `catalog rebuild`. */
export const RebuildResultSchema = v.object({
  generation: v.number(),
  /** Rows and partitions in the catalog. */
  rows: v.number(),
  partitions: v.number(),
  /** Partitions that were loaded, added to, or whose files changed. */
  refreshed: v.number(),
  removed: v.number(),
  /** Partitions that could not be read: the catalog keeps what it held of them before. */
  failed: v.array(v.object({ partition: v.string(), code: v.string(), message: v.string() })),
  duration_ms: v.number(),
  path: v.string(),
});

/** An upload that was put back: the document of `process retry`. */
export const RetriedUploadSchema = v.object({
  upload_id: v.string(),
  ...PartitionKeySchema.entries,
  status: v.literal("pending"),
});

export type CatalogInfo = v.InferOutput<typeof CatalogInfoSchema>;
export type CatalogPartition = v.InferOutput<typeof CatalogPartitionSchema>;
export type RebuildResult = v.InferOutput<typeof RebuildResultSchema>;
export type RetriedUpload = v.InferOutput<typeof RetriedUploadSchema>;
