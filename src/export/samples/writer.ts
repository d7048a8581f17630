import type { Prompt } from "../../schema/samples.ts";
import type { OutputFile } from "../output-file.ts";
import type { ExportedFile } from "../writer.ts";
import type { Counter } from "./counts.ts";
import type { SampleImages } from "./place-images.ts";
import type { Sample } from "./sample.ts";

/** Writes the samples of one output. They come in order; nothing is complete before `finish`. */
export interface SampleWriter {
  write(sample: Sample): Promise<void>;
  /** Ends what is open; the files that the writer made with `createFile` are ended after it. */
  finish(): Promise<void>;
}

/** A data file of the output. */
export type TextFile = Pick<OutputFile, "write" | "bytes"> & {
  text(text: string): Promise<void>;
};

export interface SampleWriterOptions {
  /** Where the output is made. */
  folder: string;
  /** Absolute path that it gets: for formats that hold absolute paths of their images. */
  finalFolder: string;
  images: SampleImages;
  counter: Counter;
  /** Categories that views name, in their order; further ones come as regions have them. */
  categories: readonly string[];
  prompt: Prompt | undefined;
  /** A file of the output, by a name relative to it, written from its start to its end. */
  createFile(name: string): Promise<TextFile>;
  /** A file of work, which is removed when the output is complete. */
  createScratch(name: string): Promise<TextFile & { path: string; close(): Promise<void> }>;
}

/** What is known of a finished output. */
export interface WrittenSamples {
  files: ExportedFile[];
}
