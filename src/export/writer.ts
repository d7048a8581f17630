import type { RecordBatch, Schema } from "apache-arrow";
import type { Features } from "../schema/columns.ts";
import type { WrittenFile } from "./output-file.ts";

export interface ExportedFile extends WrittenFile {
  /** Relative to the output, with `/` between folders. */
  name: string;
  rows: number;
}

/** Writes one output format. Batches come in order; nothing is complete before `finish`. */
export interface ExportWriter {
  write(batch: RecordBatch): Promise<void>;
  finish(): Promise<ExportedFile[]>;
  /** Closes what is open; the caller removes the folder. May be called after `finish`. */
  abort(): Promise<void>;
}

export interface WriterOptions {
  /** An empty folder for the output's files. */
  folder: string;
  /** Name of the data file where a format has only one. */
  fileName: string;
  schema: Schema;
  features: Features;
}
