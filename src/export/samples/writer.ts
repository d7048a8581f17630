import type { Prompt } from "../../schema/prompts.ts";
import type { OutputFile } from "../output-file.ts";
import type { ExportedFile } from "../writer.ts";
import type { Counter } from "./counts.ts";
import type { OnPlaced, SampleImages } from "./place-images.ts";
import type { Sample } from "./sample.ts";

/** Writes the samples of one output. They come in order; nothing is complete before `finish`. */
export interface SampleWriter {
  /** A sample has a page at least. */
  write(sample: Sample): Promise<void>;
  /** Ends what is open; the files that the writer made with `createFile` are ended after it. */
  finish(): Promise<void>;
  /** Of a writer that holds more open than files of `createFile`. */
  abort?(): Promise<void>;
}

/** A data file of the output. */
export type TextFile = Pick<OutputFile, "write" | "bytes"> & {
  /** Returns a promise only when it writes: `await` would cost more than the text. */
  text(text: string): Promise<void> | undefined;
};

/** What the labels of an output can hold, by their views. */
export interface Expected {
  regions: boolean;
  questions: boolean;
}

export interface SampleWriterOptions {
  /** Where the output is made. */
  folder: string;
  /** Absolute path that it gets: for formats that hold absolute paths of their images. */
  finalFolder: string;
  images: SampleImages;
  counter: Counter;
  /** Categories that views name, in their order; further ones come as regions have them. */
  categories: readonly string[];
  expected: Expected;
  /** Whether rows are divided into parts; else all are in one. */
  isDivided: boolean;
  prompt: Prompt | undefined;
  /** A file of the output, by a name relative to it, written from its start to its end. */
  createFile(name: string): Promise<TextFile>;
  /** Says that the writer made a file without `createFile`; its name is relative to the output. */
  listFile: OnPlaced;
  /** A file of work, which is removed when the output is complete. */
  createScratch(name: string): Promise<TextFile & { path: string; close(): Promise<void> }>;
}

/** What is known of a finished output. */
export interface WrittenSamples {
  files: ExportedFile[];
}
