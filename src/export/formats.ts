import type { OpenWriter } from "./writer.ts";

export const EXPORT_FORMATS = ["parquet", "arrow", "dataset"] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

/** The one table of output formats; a new one is a row here and a writer beside the others. */
const WRITERS: Record<ExportFormat, () => Promise<OpenWriter>> = {
  parquet: async () => (await import("./parquet-writer.ts")).openParquetWriter,
  arrow: async () => (await import("./arrow-writer.ts")).openArrowWriter,
  dataset: async () => (await import("./dataset-writer.ts")).openDatasetWriter,
};

/** The writer of a format, loaded when it is first asked for. */
export function loadWriter(format: ExportFormat): Promise<OpenWriter> {
  return WRITERS[format]();
}

/** Ending of a single-file output (`x.parquet`); undefined for a format that is always a folder. */
export function fileEnding(format: ExportFormat): string | undefined {
  return format === "dataset" ? undefined : `.${format}`;
}
