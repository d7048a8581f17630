import type { Database } from "../query/database.ts";
import type { Features } from "../schema/columns.ts";

export const INPUT_FORMATS = ["parquet", "arrow", "dataset", "jsonl", "csv", "images"] as const;
export type InputFormat = (typeof INPUT_FORMATS)[number];

/** A column as the input has it. `type` is DuckDB's name of what `rows()` gives for it. */
export interface SourceColumn {
  name: string;
  type: string;
  /**
   * Set where the cells hold whole files (struct<bytes, path> or binary under an image column's name): such a
   * column is not part of `rows()`. `path` is an SQL expression over `rows()` for the path beside the bytes, if
   * there is one. Of a `list` there is one always: a list of as many paths, of which each may be NULL.
   */
  embedded?: { bytes: boolean; path: string | undefined; list?: true };
  /** No value says what type it is: nulls or empty lists only. */
  isOpen?: boolean;
}

/** One embedded cell per row, or per element of its list: its bytes, or null. */
export type EmbeddedBatch = (Uint8Array | null)[];

/**
 * An opened input. Rows have one order, that of the input, in which `rows()` and `embedded()` both give them; each
 * may be read several times. Work files are in the reader's scratch folder, which the caller removes.
 */
export interface Input {
  readonly format: InputFormat;
  /** Absolute path as given, for messages. */
  readonly path: string;
  /** Relative paths inside the input start here. */
  readonly folder: string;
  readonly sizeBytes: number;
  readonly fileCount: number;
  readonly rowCount: number;
  readonly columns: readonly SourceColumn[];
  /** Features of Hugging Face `datasets` by source column name, as found; empty without. */
  readonly features: Features;
  /** Why the reader rejects rows, as an SQL expression over `rows()` (NULL = fine); undefined when it never does. */
  readonly rejects?: string;
  /** What a person should know of how the input was read. */
  readonly notices: readonly string[];
  /** A relation for FROM: every row in input order, all columns but the bytes of embedded ones. */
  rows(signal?: AbortSignal): Promise<string>;
  /**
   * The bytes of an embedded column, row by row (of lists the elements of each row), in batches of some MB, each
   * valid until the next is asked for.
   */
  embedded(column: string, signal?: AbortSignal): AsyncIterable<EmbeddedBatch>;
}

/** What readers may use. `scratch` is an existing folder of this upload alone, on local disk. */
export interface ReaderContext {
  database: Database;
  scratch: string;
  signal?: AbortSignal;
  /** What a person said of text files. */
  text?: TextOptions;
}

/** How text files are read where it is not to be found out. */
export interface TextOptions {
  /** The runtime's name of an encoding. */
  encoding?: string;
  /** One character between the cells of CSV. */
  delimiter?: string;
  /** One character around cells of CSV; empty for none. */
  quote?: string;
}

/** Names under which a column of bytes is taken as the row's image. */
export const IMAGE_COLUMNS = ["image", "image_bytes"] as const;
/** Names under which a column of text is taken as the path of a local file. */
export const PATH_COLUMNS = ["image_path", "file", "file_path"] as const;
