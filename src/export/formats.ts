import { AppError } from "../errors.ts";
import { nearestWord } from "../util/nearest.ts";
import type { ImageMode } from "./image-mode.ts";
import type { SampleWriter, SampleWriterOptions } from "./samples/writer.ts";
import type { ExportWriter, WriterOptions } from "./writer.ts";

/** A shape that rows are written in. Flags, questions, requests to a server and the manual follow from it. */
export type ExportFormat = RowFormat | SampleFormat;

interface FormatTerms {
  readonly name: string;
  /** One data file, which may be the output itself; or a folder of files, at any depth. */
  readonly layout: "file" | "folder";
  /** Of the data file: `.parquet`. */
  readonly ending?: string;
  /** What it is for, in a few words. */
  readonly hint: string;
  /** How it can hold images; the first is the default. */
  readonly images: readonly ImageMode[];
}

/** A format of rows as they are, with their images. */
export interface RowFormat extends FormatTerms {
  /** Loads the writer when it is first asked for. */
  open(options: WriterOptions): Promise<ExportWriter>;
}

/** A format of samples: pages, and what their labels say, read by views. Always a folder. */
export interface SampleFormat extends FormatTerms {
  readonly layout: "folder";
  /** Loads the writer when it is first asked for. */
  openSamples(options: SampleWriterOptions): Promise<SampleWriter>;
}

const ROW_IMAGES = ["embed", "reference", "none"] as const;
/** Of formats with a file for each image. */
const FILE_IMAGES = ["embed", "reference", "link"] as const;

const DATASET = {
  name: "dataset",
  layout: "folder",
  hint: "datasets.load_from_disk",
  images: ROW_IMAGES,
  open: async (options) => (await import("./dataset-writer.ts")).openDatasetWriter(options),
} as const satisfies ExportFormat;

const ARROW = {
  name: "arrow",
  layout: "file",
  ending: ".arrow",
  hint: "an Arrow IPC file, read without copying",
  images: ROW_IMAGES,
  open: async (options) => (await import("./arrow-writer.ts")).openArrowWriter(options),
} as const satisfies ExportFormat;

const PARQUET = {
  name: "parquet",
  layout: "file",
  ending: ".parquet",
  hint: "pandas, polars, DuckDB, load_dataset",
  images: ROW_IMAGES,
  open: async (options) => (await import("./parquet-writer.ts")).openParquetWriter(options),
} as const satisfies ExportFormat;

const COCO = {
  name: "coco",
  layout: "folder",
  hint: "object detection: pycocotools, detectron2, MMDetection",
  images: FILE_IMAGES,
  openSamples: async (options) => (await import("./samples/coco.ts")).openCocoWriter(options),
} as const satisfies ExportFormat;

const MS_SWIFT = {
  name: "ms-swift",
  layout: "folder",
  hint: "messages with boxes for ms-swift",
  images: FILE_IMAGES,
  openSamples: async (options) => (await import("./samples/ms-swift.ts")).openMsSwiftWriter(options),
} as const satisfies ExportFormat;

/** Every format; a new one is a row here and a writer beside the others. The first is the default. */
export const EXPORT_FORMATS = [
  DATASET,
  ARROW,
  PARQUET,
  COCO,
  MS_SWIFT,
] as const satisfies readonly ExportFormat[];
export type ExportFormatName = (typeof EXPORT_FORMATS)[number]["name"];

/** The format of that name. Throws `usage`. */
export function findFormat(name: string, formats: readonly ExportFormat[] = EXPORT_FORMATS): ExportFormat {
  const found = formats.find((format) => format.name === name);
  if (found !== undefined) return found;
  const names = formats.map((format) => format.name);
  const near = nearestWord(name, names);
  const hint = near === undefined ? `choose one of ${names.join(", ")}` : `did you mean ${near}?`;
  throw new AppError("usage", `there is no output format ${name}; ${hint}`);
}

/** Throws `usage` where a format cannot hold images in that way. */
export function checkImages({ name, images }: ExportFormat, mode: ImageMode): void {
  if (images.includes(mode)) return;
  throw new AppError("usage", `--format ${name} has no --images ${mode}; choose ${images.join(" or ")}`);
}
