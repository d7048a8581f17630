import { AppError } from "../errors.ts";
import { nearestWord } from "../util/nearest.ts";
import type { ExportWriter, WriterOptions } from "./writer.ts";

/** Image bytes, absolute paths into the lake, or no images. */
export const IMAGE_MODES = ["embed", "reference", "none"] as const;
export type ImageMode = (typeof IMAGE_MODES)[number];

/** A shape that rows are written in. Flags, questions, requests to a server and the manual follow from it. */
export interface ExportFormat {
  readonly name: string;
  /** One data file, which may be the output itself; or a folder of files, at any depth. */
  readonly layout: "file" | "folder";
  /** Of the data file: `.parquet`. */
  readonly ending?: string;
  /** What it is for, in a few words. */
  readonly hint: string;
  /** How it can hold images; the first is the default. */
  readonly images: readonly ImageMode[];
  /** Loads the writer when it is first asked for. */
  open(options: WriterOptions): Promise<ExportWriter>;
}

const DATASET = {
  name: "dataset",
  layout: "folder",
  hint: "datasets.load_from_disk",
  images: IMAGE_MODES,
  open: async (options) => (await import("./dataset-writer.ts")).openDatasetWriter(options),
} as const satisfies ExportFormat;

const ARROW = {
  name: "arrow",
  layout: "file",
  ending: ".arrow",
  hint: "an Arrow IPC file, read without copying",
  images: IMAGE_MODES,
  open: async (options) => (await import("./arrow-writer.ts")).openArrowWriter(options),
} as const satisfies ExportFormat;

const PARQUET = {
  name: "parquet",
  layout: "file",
  ending: ".parquet",
  hint: "pandas, polars, DuckDB, load_dataset",
  images: IMAGE_MODES,
  open: async (options) => (await import("./parquet-writer.ts")).openParquetWriter(options),
} as const satisfies ExportFormat;

/** Every format; a new one is a row here and a writer beside the others. The first is the default. */
export const EXPORT_FORMATS = [DATASET, ARROW, PARQUET] as const satisfies readonly ExportFormat[];
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
