import type { RecordBatch, Schema } from "apache-arrow";
import * as v from "valibot";
import { textUpTo } from "./bounds.ts";
import type { Column, Features } from "./columns.ts";
import { JsonPathSchema } from "./json-path.ts";
import type { PartitionKey } from "./partition.ts";
import { SelectionSchema } from "./partition.ts";

/** A text to search for, literally; comes out in Unicode form NFC. */
export const SearchTextSchema = v.pipe(
  v.string(),
  v.minLength(1, "the text to search for is empty; give at least one character"),
  v.maxLength(10_000, "the text to search for is longer than 10,000 characters"),
  v.check(
    (text) => text.isWellFormed(),
    "the text to search for contains half a surrogate pair, which no stored text does",
  ),
  v.check(
    (text) => !text.includes("\0"),
    "the text to search for contains a NUL character, which no stored text does",
  ),
  v.transform((text) => text.normalize("NFC")),
);

/**
 * A query for rows: which partitions, which of their rows, and at most how many. With `text`, rows in which it stands
 * literally: in `column`, or in any text column; with `json_path` in a string at that path of the JSON in `column`.
 * With `column` alone, rows that hold a value there (at `json_path`): neither NULL nor an empty string.
 */
export const RowQuerySchema = v.pipe(
  v.object({
    ...SelectionSchema.entries,
    text: v.optional(SearchTextSchema),
    column: v.optional(textUpTo(10_000)),
    json_path: v.optional(JsonPathSchema),
    ignore_case: v.optional(v.boolean()),
    limit: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0))),
  }),
  v.check(
    ({ json_path, column }) => json_path === undefined || column !== undefined,
    "a JSON path needs the column that holds the JSON",
  ),
  v.check(
    ({ ignore_case, text }) => !ignore_case || text !== undefined,
    "ignoring case needs a text to search for",
  ),
);
export type RowQuery = v.InferOutput<typeof RowQuerySchema>;

/** The condition of a query on the rows themselves; undefined when it takes all rows of its partitions. */
export type RowCondition = Pick<RowQuery, "text" | "column" | "json_path" | "ignore_case">;

export function conditionOf({ text, column, json_path, ignore_case }: RowQuery): RowCondition | undefined {
  if (text === undefined && column === undefined) return undefined;
  return { text, column, json_path, ignore_case };
}

export interface PartitionCount extends PartitionKey {
  rows: number;
}

/** What a query cost; complete when its rows have been read. */
export interface QueryStats {
  /** Time at the engine, until the result stood; ms. */
  engineMs: number;
  /** Bytes that the engine read, where it tells. */
  scannedBytes?: number;
  /** In US dollars, an estimate, where the engine charges. */
  costUsd?: number;
}

/** A table of an engine, or a result of SQL: its columns at once, its rows as they are read. */
export interface TableResult {
  columns: Column[];
  /** The columns as Arrow has them. */
  schema: Schema;
  /** Arrow record batches of `schema`, at most some thousand rows or 64 MB each. May be iterated once. */
  batches: AsyncIterable<RecordBatch>;
  stats: QueryStats;
  /** The catalog's generation that it was read from, where the engine tells. */
  generation?: number | undefined;
}

/** What a query for rows gives. */
export interface RowResult extends TableResult {
  /** Hugging Face features of the columns, legacy dialect, where all selected partitions agree. */
  features: Features;
  /** All rows that the result gives, known before they are read: those that match, up to the limit. */
  rowCount: number;
  /** All rows that match, whatever the limit. */
  matchCount: number;
  /** The selected partitions that have matching rows, sorted, with the number of those. */
  partitions: PartitionCount[];
  /** The catalog's generation: all rows are of this one. */
  generation: number;
}

/** What one SQL query may take. More is `too_large`, longer is `timeout`. */
export interface SqlLimits {
  timeoutMs: number;
  /** As in DuckDB settings; for the embedded engine. */
  memory: string;
  maxRows: number;
  maxBytes: number;
}
