import * as v from "valibot";
import { ColumnSchema, FeaturesSchema } from "./columns.ts";
import { ENGINE_NAMES } from "./engines.ts";
import { PartitionKeySchema } from "./partition.ts";

/** The header by which a client asks that an Arrow answer says of itself what no Arrow schema says. */
export const DESCRIBE_HEADER = "x-datalake-describe";
/** Where in the metadata of the schema it stands. */
export const DESCRIPTION_KEY = "datalake";

export const ResultDescriptionSchema = v.object({
  engine: v.picklist(ENGINE_NAMES),
  columns: v.array(ColumnSchema),
  stats: v.object({
    engineMs: v.number(),
    scannedBytes: v.exactOptional(v.number()),
    costUsd: v.exactOptional(v.number()),
  }),
  /** The catalog's, where it is known. */
  generation: v.exactOptional(v.number()),
  /** Of a query for rows. */
  rows: v.optional(
    v.object({
      features: FeaturesSchema,
      rowCount: v.number(),
      matchCount: v.number(),
      partitions: v.array(v.object({ ...PartitionKeySchema.entries, rows: v.number() })),
      generation: v.number(),
    }),
  ),
});
export type ResultDescription = v.InferOutput<typeof ResultDescriptionSchema>;
