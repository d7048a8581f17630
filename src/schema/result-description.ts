import * as v from "valibot";
import { ColumnSchema, FeaturesSchema } from "./columns.ts";
import { ENGINE_NAMES } from "./engines.ts";
import { PartitionKeySchema } from "./partition.ts";

/** Header to request metadata in an Arrow response that its schema cannot express. */
export const DESCRIBE_HEADER = "x-datalake-describe";
export const DESCRIPTION_KEY = "datalake";

export const ResultDescriptionSchema = v.object({
  engine: v.picklist(ENGINE_NAMES),
  columns: v.array(ColumnSchema),
  stats: v.object({
    engineMs: v.number(),
    scannedBytes: v.exactOptional(v.number()),
    costUsd: v.exactOptional(v.number()),
  }),
  /** The catalog's, if known. */
  generation: v.exactOptional(v.number()),
  rows: v.optional(
    v.object({
      features: FeaturesSchema,
      rowCount: v.number(),
      matchCount: v.number(),
      partitions: v.array(
        v.object({
          ...PartitionKeySchema.entries,
          rows: v.number(),
          license: v.exactOptional(v.string()),
        }),
      ),
      generation: v.number(),
    }),
  ),
});
export type ResultDescription = v.InferOutput<typeof ResultDescriptionSchema>;
