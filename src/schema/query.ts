import type { RecordBatch, Schema } from "apache-arrow";
import * as v from "valibot";
import { textUpTo } from "./bounds.ts";
import type { Column, Features } from "./columns.ts";
import { JsonPathSchema } from "./json-path.ts";
import type { PartitionKey } from "./partition.ts";
import { SelectionSchema } from "./partition.ts";
import { RowFilterTextsSchema } from "./row-filter.ts";
import { RowKeysSchema } from "./row-key.ts";

/** A literal search text; the output is in NFC. */
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
    "the text to search for contains a NUL character, which cannot be searched for; search for what is beside it",
  ),
  v.transform((text) => text.normalize("NFC")),
);

/** Each is searched for by itself. */
export const MAX_WORDS = 20;

/**
 * A query for rows: partitions, condition and limit. `text`: rows that contain it literally in `column` or in
 * any text column; with `json_path`, in a string at that path of the JSON in `column`; with `each_word`, rows that
 * contain each of its words so, whether in one string or in several. `column` alone: rows
 * with a value there (at `json_path`), neither NULL nor empty. `rows`: these rows and no others, all of which
 * must exist; they are named by partition and place in the upload, so they stay the same after an append.
 * `where`: rows that meet filters, see row-filter.ts.
 */
export const RowQuerySchema = v.pipe(
  v.object({
    ...SelectionSchema.entries,
    text: v.optional(SearchTextSchema),
    column: v.optional(textUpTo(10_000)),
    json_path: v.optional(JsonPathSchema),
    ignore_case: v.optional(v.boolean()),
    each_word: v.optional(v.boolean()),
    rows: v.optional(RowKeysSchema),
    where: v.optional(RowFilterTextsSchema),
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
  v.check(
    ({ each_word, text }) => !each_word || text !== undefined,
    "words are those of a text to search for; give one",
  ),
  v.check(
    (query) => searchedTexts(query)?.length !== 0,
    "the text to search for has no words; give at least one character that is no space",
  ),
  v.check(
    (query) => (searchedTexts(query)?.length ?? 0) <= MAX_WORDS,
    `the text to search for has more than ${MAX_WORDS} words`,
  ),
  v.check(
    ({ rows, limit: _, ...others }) =>
      rows === undefined || Object.values(others).every((value) => value === undefined),
    "rows are named one by one; leave out all other conditions",
  ),
);
export type RowQuery = v.InferOutput<typeof RowQuerySchema>;

/** A query's condition on rows; undefined if it selects all rows of its partitions. */
export type RowCondition = Pick<
  RowQuery,
  "text" | "column" | "json_path" | "ignore_case" | "each_word" | "rows"
>;

export function conditionOf(query: RowQuery): RowCondition | undefined {
  const { text, column, json_path, ignore_case, each_word, rows } = query;
  if (text === undefined && column === undefined && rows === undefined) return undefined;
  return { text, column, json_path, ignore_case, each_word, rows };
}

/** The texts that a row has to contain, all of them: the text, or its words once each. Undefined without a text. */
export function searchedTexts({
  text,
  each_word: eachWord = false,
}: {
  text?: string | undefined;
  each_word?: boolean | undefined;
}): string[] | undefined {
  if (text === undefined || !eachWord) return text === undefined ? undefined : [text];
  return [...new Set(text.split(/\s+/u))].filter((word) => word !== "");
}

export interface PartitionCount extends PartitionKey {
  rows: number;
  /** Of the data, where its uploads name one and the engine knows it. */
  license?: string;
}

/** Cost of a query; complete when its rows have been read. */
export interface QueryStats {
  /** Time in the engine until the result was ready; ms. */
  engineMs: number;
  /** Bytes read by the engine, if known. */
  scannedBytes?: number;
  /** Estimate in US dollars, if the engine charges. */
  costUsd?: number;
}

/** A table or SQL result: columns at once, rows streamed. */
export interface TableResult {
  columns: Column[];
  schema: Schema;
  /** Arrow record batches of `schema`, each at most some thousand rows or 64 MB. Iterate once. */
  batches: AsyncIterable<RecordBatch>;
  stats: QueryStats;
  /** The catalog generation it was read from, if known. */
  generation?: number | undefined;
}

export interface RowResult extends TableResult {
  /** Hugging Face features in the legacy dialect, where all selected partitions agree. */
  features: Features;
  /** Says how columns met that differ between the partitions, a sentence each; not of a result that a server passed on. */
  notes?(): string[];
  /** Rows in the result, known before reading: the matches up to the limit. */
  rowCount: number;
  /** All matching rows, regardless of the limit. */
  matchCount: number;
  /** Partitions with matching rows, sorted, with counts. */
  partitions: PartitionCount[];
  /** The catalog generation of all rows. */
  generation: number;
}

/** Limits of a SQL query. Exceeding them throws `too_large` or `timeout`. */
export interface SqlLimits {
  timeoutMs: number;
  /** As in DuckDB settings; only for the embedded engine. */
  memory: string;
  maxRows: number;
  maxBytes: number;
}
