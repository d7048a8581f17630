import * as v from "valibot";
import { ColumnSchema } from "./columns.ts";
import { PartitionKeySchema } from "./partition.ts";

/** A partition whose newest rows are missing in the catalog; code and message give the reason and advice. */
export const LeftOutPartitionSchema = v.object({
  ...PartitionKeySchema.entries,
  code: v.string(),
  message: v.string(),
});

/** Metadata of the published catalog: the document of `catalog info`. */
export const CatalogInfoSchema = v.object({
  format: v.number(),
  generation: v.number(),
  built_at: v.string(),
  merged_generation: v.number(),
  rows: v.number(),
  partitions: v.number(),
  /** Columns of the view `catalog`, including the four partition columns. */
  columns: v.array(ColumnSchema),
  /** Columns left out of the view; empty in catalogs of earlier versions. */
  columns_left_out: v.optional(v.array(v.string()), []),
  /** Partitions whose newest rows are missing, with reasons. */
  left_out: v.optional(v.array(LeftOutPartitionSchema), []),
  bytes: v.number(),
  path: v.string(),
});

/** A partition of the catalog; `bytes` of its Parquet files, `uploaded_at` in ISO 8601 or null if unknown. */
export const CatalogPartitionSchema = v.object({
  ...PartitionKeySchema.entries,
  rows: v.number(),
  bytes: v.number(),
  version: v.number(),
  uploaded_by: v.string(),
  uploaded_at: v.nullable(v.string()),
  /** That the newest upload with one names; empty where none does. */
  license: v.optional(v.string(), ""),
});
export const CatalogPartitionsSchema = v.object({ partitions: v.array(CatalogPartitionSchema) });

/** Result of a rebuild: the document of `catalog rebuild`. */
export const RebuildResultSchema = v.object({
  generation: v.number(),
  rows: v.number(),
  partitions: v.number(),
  /** Partitions loaded or appended to, or with changed files. */
  refreshed: v.number(),
  removed: v.number(),
  /** Unreadable partitions: the catalog keeps their earlier rows. */
  failed: v.array(v.object({ partition: v.string(), code: v.string(), message: v.string() })),
  duration_ms: v.number(),
  path: v.string(),
});

/** An upload made pending again: the document of `process retry`. */
export const RetriedUploadSchema = v.object({
  upload_id: v.string(),
  ...PartitionKeySchema.entries,
  status: v.literal("pending"),
});

/** An upload that was taken back before it was stored: the document of `process remove`. Nulls of one that was damaged. */
export const RemovedUploadSchema = v.object({
  upload_id: v.string(),
  provider: v.nullable(v.string()),
  dataset: v.nullable(v.string()),
  task: v.nullable(v.string()),
  variant: v.nullable(v.string()),
  rows: v.nullable(v.number()),
  status: v.literal("removed"),
});

export type CatalogInfo = v.InferOutput<typeof CatalogInfoSchema>;
export type CatalogPartition = v.InferOutput<typeof CatalogPartitionSchema>;
export type RebuildResult = v.InferOutput<typeof RebuildResultSchema>;
export type RetriedUpload = v.InferOutput<typeof RetriedUploadSchema>;
export type RemovedUpload = v.InferOutput<typeof RemovedUploadSchema>;
