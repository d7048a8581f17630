import * as v from "valibot";
import { listOf, recordOf } from "./bounds.ts";
import { isColumnType } from "./column-types.ts";
import { PARTITION_COLUMNS } from "./partition.ts";
import { CountSchema, isShallow, textOf } from "./values.ts";

/**
 * A column of a partition. `type` is a plain DuckDB type: VARCHAR, BIGINT, INTEGER, DOUBLE, FLOAT, BOOLEAN,
 * TIMESTAMP, DATE, BLOB, LIST (`VARCHAR[]`) or STRUCT (`STRUCT(a INTEGER)`); never JSON, ENUM, HUGEINT, UUID.
 */
export const ColumnSchema = v.object({ name: v.string(), type: v.string() });
export type Column = v.InferOutput<typeof ColumnSchema>;

/** Names are in every response that lists columns. */
export const MAX_NAME_LENGTH = 1024;
const PATH_COLUMNS: ReadonlySet<string> = new Set(PARTITION_COLUMNS);
const TypeSchema = v.pipe(v.string(), v.check(isColumnType, "is not the type of a stored column"));

/** All partitions share one table, so column names must differ by more than case. */
const StoredNameSchema = v.pipe(
  textOf(MAX_NAME_LENGTH),
  v.check(
    (name) => name !== "" && name === name.toLowerCase(),
    "is not the name of a stored column (lower_snake_case)",
  ),
);

/** A column of an upload, with its stored name and a type that is safe in SQL. */
export const UploadColumnSchema = v.object({
  name: v.pipe(
    StoredNameSchema,
    v.check(
      (name) => /^[\p{L}\p{M}\p{N}_]+$/u.test(name) && name !== "rowid",
      "is not the name of a stored column (letters, digits and _)",
    ),
  ),
  type: TypeSchema,
  /** No value says the type: see schema/open-types.ts. Absent in uploads of earlier versions, and where one does. */
  open: v.optional(v.boolean()),
});
/** Limit per table; programs that read tables do not support more. */
export const MAX_COLUMNS = 10_000;
/** Columns of one upload with unique names. */
export const UploadColumnsSchema = v.pipe(
  listOf(UploadColumnSchema, MAX_COLUMNS),
  v.check(
    (columns) => new Set(columns.map(({ name }) => name)).size === columns.length,
    "name one column twice",
  ),
);

/** A column of a stored file, with the number of rows in which it is NULL. */
export const ColumnStatsSchema = v.object({
  name: v.pipe(
    StoredNameSchema,
    v.check((name) => !PATH_COLUMNS.has(name), "is what the path of a partition says"),
  ),
  type: TypeSchema,
  nulls: CountSchema,
  /** Whether all its texts are in NFC; absent if unchecked, and for other types. */
  nfc: v.optional(v.nullable(v.boolean())),
  /** Its lists hold no value that says the type: see schema/open-types.ts. Absent where one does, or the input states it. */
  open: v.optional(v.nullable(v.boolean())),
});
export type ColumnStats = v.InferOutput<typeof ColumnStatsSchema>;

/** Columns filled by the lake, in order, after a row's own columns. */
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

/** Columns by which rows of a task upload may refer to a raw asset. */
export const REFERENCE_COLUMNS = ["hash", "path", "source_name", "source_stem"] as const;
export type ReferenceColumn = (typeof REFERENCE_COLUMNS)[number];

/** Columns of staged data.parquet that are not stored: the client's rejection reason, or NULL. */
export const STAGED_REJECT_COLUMN = "__reject";

/** Hugging Face `datasets` features by column, legacy dialect; foreign JSON, stored unchanged. */
export const FeaturesSchema = v.pipe(
  recordOf(v.string(), v.unknown(), MAX_COLUMNS),
  v.check((features) => isShallow(features), "nests too deep"),
);
export type Features = v.InferOutput<typeof FeaturesSchema>;
