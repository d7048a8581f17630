import * as v from "valibot";
import { listOf, recordOf } from "./bounds.ts";
import { isColumnType } from "./column-types.ts";
import { PARTITION_COLUMNS } from "./partition.ts";
import { CountSchema, isShallow, textOf } from "./values.ts";

/**
 * A column of a partition. `type` is a DuckDB type name of the plain kind: VARCHAR, BIGINT, INTEGER, DOUBLE, FLOAT,
 * BOOLEAN, TIMESTAMP, DATE, BLOB, LIST (`VARCHAR[]`) or STRUCT (`STRUCT(a INTEGER)`); never JSON, ENUM, HUGEINT,
 * UUID.
 */
export const ColumnSchema = v.object({ name: v.string(), type: v.string() });
export type Column = v.InferOutput<typeof ColumnSchema>;

/** Longer than anybody writes; a name is in every answer that lists columns. */
const MAX_NAME_LENGTH = 1024;
const PATH_COLUMNS: ReadonlySet<string> = new Set(PARTITION_COLUMNS);
const TypeSchema = v.pipe(v.string(), v.check(isColumnType, "is not the type of a stored column"));

/** Columns of all partitions are in one table, whose names differ by more than their case. */
const StoredNameSchema = v.pipe(
  textOf(MAX_NAME_LENGTH),
  v.check(
    (name) => name !== "" && name === name.toLowerCase(),
    "is not the name of a stored column (lower_snake_case)",
  ),
);

/** A column as an upload brings it: its name is the one it is stored by, and its type may stand in SQL. */
export const UploadColumnSchema = v.object({
  name: v.pipe(
    StoredNameSchema,
    v.check(
      (name) => /^[\p{L}\p{M}\p{N}_]+$/u.test(name) && name !== "rowid",
      "is not the name of a stored column (letters, digits and _)",
    ),
  ),
  type: TypeSchema,
});
/** Of one table: more is no table, and no program that reads it is made for it. */
export const MAX_COLUMNS = 10_000;
/** Columns of one upload, no name twice. */
export const UploadColumnsSchema = v.pipe(
  listOf(UploadColumnSchema, MAX_COLUMNS),
  v.check(
    (columns) => new Set(columns.map(({ name }) => name)).size === columns.length,
    "name one column twice",
  ),
);

/** A column of one stored file, with the number of rows in which it is NULL. */
export const ColumnStatsSchema = v.object({
  name: v.pipe(
    StoredNameSchema,
    v.check((name) => !PATH_COLUMNS.has(name), "is what the path of a partition says"),
  ),
  type: TypeSchema,
  nulls: CountSchema,
  /** Whether all its texts are in Unicode form NFC; absent where nobody looked, and for what is not text. */
  nfc: v.optional(v.nullable(v.boolean())),
});
export type ColumnStats = v.InferOutput<typeof ColumnStatsSchema>;

/** Columns that the lake itself fills, in the order in which they are behind a row's own columns. */
export const SYSTEM_COLUMNS = [
  { name: "hash", type: "VARCHAR" },
  { name: "path", type: "VARCHAR" },
  { name: "width", type: "INTEGER" },
  { name: "height", type: "INTEGER" },
  { name: "format", type: "VARCHAR" },
  { name: "bytes", type: "BIGINT" },
  { name: "pages", type: "INTEGER" },
  { name: "orientation", type: "INTEGER" },
  { name: "dpi", type: "DOUBLE" },
  { name: "source_hash", type: "VARCHAR" },
  { name: "source_name", type: "VARCHAR" },
  { name: "pixel_hash", type: "VARCHAR" },
  { name: "upload_id", type: "VARCHAR" },
  { name: "source_row", type: "BIGINT" },
] as const satisfies readonly Column[];

/** Columns by which a row of a task upload may name the raw asset it belongs to. */
export const REFERENCE_COLUMNS = ["hash", "path", "source_name", "source_stem"] as const;
export type ReferenceColumn = (typeof REFERENCE_COLUMNS)[number];

/** Columns of staged data.parquet that are not stored: why the client rejected the row, or NULL. */
export const STAGED_REJECT_COLUMN = "__reject";

/** Features of Hugging Face `datasets`, by column, in the legacy dialect; foreign JSON, kept as it came. */
export const FeaturesSchema = v.pipe(
  recordOf(v.string(), v.unknown(), MAX_COLUMNS),
  v.check((features) => isShallow(features), "nests too deep"),
);
export type Features = v.InferOutput<typeof FeaturesSchema>;
