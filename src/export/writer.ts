import type { RecordBatch, Schema } from "apache-arrow";
import type { Features } from "../schema/columns.ts";
import type { WrittenFile } from "./output-file.ts";

export interface ExportedFile extends WrittenFile {
  /** Relative to the output, with `/` as separator. */
  name: string;
  rows: number;
}

/** Writes one format. Batches arrive in order; the output is complete only after `finish`. */
export interface ExportWriter {
  write(batch: RecordBatch): Promise<void>;
  finish(): Promise<ExportedFile[]>;
  /** Closes open files; the caller removes the folder. May be called after `finish`. */
  abort(): Promise<void>;
}

export interface WriterOptions {
  /** An empty folder for the output's files. */
  folder: string;
  /** Name of the data file for single-file formats. */
  fileName: string;
  schema: Schema;
  features: Features;
  /** Of the data, as uploads name it; empty where none does. */
  license: string;
}
