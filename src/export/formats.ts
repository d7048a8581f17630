import { AppError } from "../errors.ts";
import { hasLance, NO_LANCE } from "../native.ts";
import { nearestWord } from "../util/nearest.ts";
import type { ImageMode } from "./image-mode.ts";
import type { SampleWriter, SampleWriterOptions } from "./samples/writer.ts";
import type { ExportWriter, WriterOptions } from "./writer.ts";

/** An output format. Flags, questions, server requests and the manual are derived from it. */
export type ExportFormat = RowFormat | SampleFormat;

interface FormatTerms {
  readonly name: string;
  /** One data file, which may be the output itself, or a folder of files at any depth. */
  readonly layout: "file" | "folder";
  /** Extension of the data file: `.parquet`. */
  readonly ending?: string;
  readonly hint: string;
  /** Supported image modes, the default first. */
  readonly images: readonly ImageMode[];
  /** Of a format whose library this build lacks: what to do. */
  readonly lacking?: string | undefined;
}

/** A format of unchanged rows with their images. */
export interface RowFormat extends FormatTerms {
  open(options: WriterOptions): Promise<ExportWriter>;
}

/** A format of samples: pages with their labels, interpreted by views. Always a folder. */
export interface SampleFormat extends FormatTerms {
  readonly layout: "folder";
  /** Polygons become the boxes around them. */
  readonly onlyBoxes?: boolean;
  /** Samples are questions and answers. */
  readonly hasPrompts?: boolean;
  /** Records hold the questions of labels. */
  readonly holdsQuestions?: boolean;
  openSamples(options: SampleWriterOptions): Promise<SampleWriter>;
}

const ROW_IMAGES = ["embed", "reference", "none"] as const;
const FILE_IMAGES = ["embed", "reference", "link"] as const;

const BYTES_OR_PATHS = ["embed", "reference"] as const;
const BYTES = ["embed"] as const;

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
  openSamples: async (options) => (await import("./samples/writers/coco.ts")).openCocoWriter(options),
} as const satisfies ExportFormat;

const MS_SWIFT = {
  name: "ms-swift",
  layout: "folder",
  hint: "messages with boxes for ms-swift",
  images: FILE_IMAGES,
  onlyBoxes: true,
  hasPrompts: true,
  openSamples: async (options) => (await import("./samples/writers/ms-swift.ts")).openMsSwiftWriter(options),
} as const satisfies ExportFormat;

const LLAMA_FACTORY = {
  name: "llama-factory",
  layout: "folder",
  hint: "conversations with images for LLaMA-Factory",
  images: FILE_IMAGES,
  onlyBoxes: true,
  hasPrompts: true,
  openSamples: async (options) =>
    (await import("./samples/writers/llama-factory.ts")).openLlamaFactoryWriter(options),
} as const satisfies ExportFormat;

const MESSAGES = {
  name: "messages",
  layout: "folder",
  hint: "Parquet of conversations: TRL and others on datasets",
  images: BYTES_OR_PATHS,
  onlyBoxes: true,
  hasPrompts: true,
  openSamples: async (options) => (await import("./samples/writers/messages.ts")).openMessagesWriter(options),
} as const satisfies ExportFormat;

const WEBDATASET = {
  name: "webdataset",
  layout: "folder",
  hint: "tar shards for webdataset and datasets",
  images: BYTES,
  holdsQuestions: true,
  openSamples: async (options) =>
    (await import("./samples/writers/webdataset.ts")).openWebdatasetWriter(options),
} as const satisfies ExportFormat;

const MDS = {
  name: "mds",
  layout: "folder",
  hint: "shards for MosaicML streaming",
  images: BYTES,
  holdsQuestions: true,
  openSamples: async (options) => (await import("./samples/writers/mds.ts")).openMdsWriter(options),
} as const satisfies ExportFormat;

const LANCE = {
  name: "lance",
  layout: "folder",
  hint: "datasets for Lance, in builds with its library",
  images: BYTES,
  holdsQuestions: true,
  lacking: hasLance ? undefined : NO_LANCE,
  openSamples: async (options) => (await import("./samples/writers/lance.ts")).openLanceWriter(options),
} as const satisfies ExportFormat;

const YOLO = {
  name: "yolo",
  layout: "folder",
  hint: "object detection with ultralytics",
  images: FILE_IMAGES,
  onlyBoxes: true,
  openSamples: async (options) => (await import("./samples/writers/yolo.ts")).openYoloWriter(options),
} as const satisfies ExportFormat;

const LABEL_STUDIO = {
  name: "label-studio",
  layout: "folder",
  hint: "tasks with predictions for Label Studio",
  images: FILE_IMAGES,
  onlyBoxes: true,
  openSamples: async (options) =>
    (await import("./samples/writers/label-studio.ts")).openLabelStudioWriter(options),
} as const satisfies ExportFormat;

const PADDLEOCR = {
  name: "paddleocr",
  layout: "folder",
  hint: "detection, recognition and KIE for PaddleOCR",
  images: FILE_IMAGES,
  openSamples: async (options) => (await import("./samples/writers/paddleocr.ts")).openPaddleWriter(options),
} as const satisfies ExportFormat;

const DONUT = {
  name: "donut",
  layout: "folder",
  hint: "an imagefolder with ground_truth for Donut",
  images: FILE_IMAGES,
  hasPrompts: true,
  openSamples: async (options) => (await import("./samples/writers/donut.ts")).openDonutWriter(options),
} as const satisfies ExportFormat;

const TOKEN_CLASSIFICATION = {
  name: "token-classification",
  layout: "folder",
  hint: "words with tags for LayoutLM, as FUNSD",
  images: BYTES_OR_PATHS,
  onlyBoxes: true,
  openSamples: async (options) =>
    (await import("./samples/writers/token-classification.ts")).openTokenClassificationWriter(options),
} as const satisfies ExportFormat;

/** All formats, the default first. To add one, add a row here and a writer. */
export const EXPORT_FORMATS = [
  DATASET,
  ARROW,
  PARQUET,
  COCO,
  MS_SWIFT,
  LLAMA_FACTORY,
  MESSAGES,
  WEBDATASET,
  MDS,
  LANCE,
  YOLO,
  LABEL_STUDIO,
  PADDLEOCR,
  DONUT,
  TOKEN_CLASSIFICATION,
] as const satisfies readonly ExportFormat[];
export type ExportFormatName = (typeof EXPORT_FORMATS)[number]["name"];

/** Throws `usage` for an unknown name. */
export function findFormat(name: string, formats: readonly ExportFormat[] = EXPORT_FORMATS): ExportFormat {
  const found = formats.find((format) => format.name === name);
  if (found !== undefined) return found;
  const names = formats.map((format) => format.name);
  const near = nearestWord(name, names);
  const hint = near === undefined ? `choose one of ${names.join(", ")}` : `did you mean ${near}?`;
  throw new AppError("usage", `there is no output format ${name}; ${hint}`);
}

/** Throws `usage` if this build cannot write the format. */
export function checkBuilt({ lacking }: ExportFormat): void {
  if (lacking !== undefined) throw new AppError("usage", lacking);
}

/** Throws `usage` if the format does not support this image mode. */
export function checkImages({ name, images }: ExportFormat, mode: ImageMode): void {
  if (images.includes(mode)) return;
  throw new AppError("usage", `--format ${name} has no --images ${mode}; choose ${images.join(" or ")}`);
}
