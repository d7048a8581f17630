import type { RecordBatch, Schema } from "apache-arrow";
import * as v from "valibot";
import type { Column, Features } from "./columns.ts";
import type { PartitionKey } from "./partition.ts";
import { SelectionSchema } from "./partition.ts";

/** A query for rows: which partitions, and at most how many rows. */
export const RowQuerySchema = v.object({
  ...SelectionSchema.entries,
  limit: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0))),
});
export type RowQuery = v.InferOutput<typeof RowQuerySchema>;

export interface PartitionCount extends PartitionKey {
  rows: number;
}

/** What a query for rows gives: its columns at once, its rows as they are read. */
export interface RowResult {
  columns: Column[];
  /** Hugging Face features of the columns, legacy dialect, where all selected partitions agree. */
  features: Features;
  /** All rows of the result, known before they are read. */
  rowCount: number;
  partitions: PartitionCount[];
  /** The catalog's generation: all rows are of this one. */
  generation: number;
  /** The columns as Arrow has them. */
  schema: Schema;
  /** Arrow record batches of `schema`, at most some thousand rows or 64 MB each. May be iterated once. */
  batches: AsyncIterable<RecordBatch>;
}
