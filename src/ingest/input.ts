import type { DocumentReader } from "../documents/document-reader.ts";
import type { Database } from "../query/database.ts";
import type { Features } from "../schema/columns.ts";

export const INPUT_FORMATS = ["parquet", "arrow", "dataset", "jsonl", "csv", "images", "collection"] as const;
export type InputFormat = (typeof INPUT_FORMATS)[number];

/** A column as the input has it. `type` is DuckDB's name of what `rows()` gives for it. */
export interface SourceColumn {
  name: string;
  type: string;
  /**
   * Set where the cells hold whole files (struct<bytes, path> or binary under an image column's name): such a
   * column is not part of `rows()`. `path` is an SQL expression over `rows()` for the path beside the bytes, if
   * there is one. Of a `list` there is one always: a list of as many paths, of which each may be NULL. `page` is an
   * SQL expression over `rows()` for the page, from 1, of the document that `path` names; NULL where the file is the
   * image.
   */
  embedded?: { bytes: boolean; path: string | undefined; list?: true; page?: string };
  /** No value says what type it is: nulls or empty lists only. */
  isOpen?: boolean;
  /** What text of a JSON file is: JSON itself (objects, lists, numbers), or what its strings say. Not known of others. */
  json?: "value" | "text";
}

/** One embedded cell per row, or per element of its list: its bytes, or null. */
export type EmbeddedBatch = (Uint8Array | null)[];

/** A file that is in the input, but not on the disk by itself: one of an archive. */
export interface InputEntry {
  readonly sizeBytes: number;
  /** All of it, for files of some MB. Throws `EntryProblem`. */
  bytes(): Promise<Uint8Array>;
  /** Gives it as a file in scratch, which is gone afterwards; one at a time. Throws `EntryProblem`, and what `use` does. */
  asFile<T>(use: (path: string) => Promise<T>): Promise<T>;
}

/** Why an entry cannot be read, for people: it costs its row, the others go on. */
export class EntryProblem extends Error {}

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
  /** How many of them are from each file, where those are read together. */
  readonly fileRows?: readonly number[];
  readonly columns: readonly SourceColumn[];
  /** Features of Hugging Face `datasets` by source column name, as found; empty without. */
  readonly features: Features;
  /** Why the reader rejects rows, as an SQL expression over `rows()` (NULL = fine); undefined when it never does. */
  readonly rejects?: string;
  /** What a person should know of how the input was read. */
  readonly notices: readonly string[];
  /** What was found, in one line, where the rows do not say it: `3 PDFs, 412 pages; 1,204 images`. */
  readonly summary?: string;
  /** Names of documents that are encrypted, and that none of the given passwords opens. */
  readonly lockedDocuments?: readonly string[];
  /** A relation for FROM: every row in input order, all columns but the bytes of embedded ones. */
  rows(signal?: AbortSignal): Promise<string>;
  /** Columns and rows with the text of the files in these columns; undefined where none of them is anything else. */
  asWritten?(names: readonly string[]): Pick<Input, "columns" | "rows"> | undefined;
  /** The same without what is read from files of their own, where that takes long: enough to know what rows are named. */
  names?(): Promise<string>;
  /**
   * The bytes of an embedded column, row by row (of lists the elements of each row), in batches of some MB, each
   * valid until the next is asked for.
   */
  embedded(column: string, signal?: AbortSignal): AsyncIterable<EmbeddedBatch>;
  /** The file that a row's path means, where it is in an archive; undefined: it is a local file. */
  openEntry?(path: string): InputEntry | undefined;
}

/** What readers may use. `scratch` is an existing folder of this upload alone, on local disk. */
export interface ReaderContext extends InputOptions {
  database: Database;
  scratch: string;
  signal?: AbortSignal;
}

/** The same for what opens files of any kind. */
export interface InputContext extends ReaderContext {
  /** Reads documents in a process apart, which is started by the first of them. */
  documents: Pick<DocumentReader, "describe">;
  /** What is to be done when the upload ends, however it ends. */
  onClose(work: () => Promise<void> | void): void;
}

/** What a person said of how the input is read. */
export interface InputOptions {
  /** Of text files. */
  text?: TextOptions;
  /** Folders named Training, Validation and Test make a column `split`. */
  splitFromFolder?: boolean;
  /** Each page of a TIFF is a row. */
  splitPages?: boolean;
  /** The input is a zip that a client made of the files that it gives: zips among them are opened as if given by themselves. */
  packed?: boolean;
  /** Tried on documents that are encrypted. */
  passwords?: readonly string[];
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
