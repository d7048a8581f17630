import * as v from "valibot";

/**
 * A column of a partition. `type` is a DuckDB type name of the plain kind: VARCHAR, BIGINT, INTEGER, DOUBLE, FLOAT,
 * BOOLEAN, TIMESTAMP, DATE, BLOB, LIST (`VARCHAR[]`) or STRUCT (`STRUCT(a INTEGER)`); never JSON, ENUM, HUGEINT, UUID.
 */
export const ColumnSchema = v.object({ name: v.string(), type: v.string() });
export type Column = v.InferOutput<typeof ColumnSchema>;

/** A column of one stored file, with the number of rows in which it is NULL. */
export const ColumnStatsSchema = v.object({
  name: v.string(),
  type: v.string(),
  nulls: v.number(),
  /** Whether all its texts are in Unicode form NFC; absent where nobody looked, and for what is not text. */
  nfc: v.optional(v.nullable(v.boolean())),
});
export type ColumnStats = v.InferOutput<typeof ColumnStatsSchema>;

/** Columns that the lake itself fills, in the order in which they stand behind a row's own columns. */
export const SYSTEM_COLUMNS = [
  { name: "hash", type: "VARCHAR" },
  { name: "path", type: "VARCHAR" },
  { name: "width", type: "INTEGER" },
  { name: "height", type: "INTEGER" },
  { name: "format", type: "VARCHAR" },
  { name: "bytes", type: "BIGINT" },
  { name: "source_hash", type: "VARCHAR" },
  { name: "source_name", type: "VARCHAR" },
  { name: "pixel_hash", type: "VARCHAR" },
  { name: "upload_id", type: "VARCHAR" },
  { name: "source_row", type: "BIGINT" },
] as const satisfies readonly Column[];

/** Columns by which a row of a task upload may name the raw asset it belongs to. */
export const REFERENCE_COLUMNS = ["hash", "path", "source_name"] as const;
export type ReferenceColumn = (typeof REFERENCE_COLUMNS)[number];

/** Columns of staged data.parquet that are not stored: why the client rejected the row, or NULL. */
export const STAGED_REJECT_COLUMN = "__reject";

/** Features of Hugging Face `datasets`, by column, in the legacy dialect; foreign JSON, kept as it came. */
export const FeaturesSchema = v.record(v.string(), v.unknown());
export type Features = v.InferOutput<typeof FeaturesSchema>;
