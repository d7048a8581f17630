import { existsSync } from "node:fs";
import { basename } from "node:path";
import { AppError } from "../../../errors.ts";
import { EXPORT_FORMATS, type ExportFormat, fileEnding } from "../../../export/formats.ts";
import type { ImageMode } from "../../../export/record-batches.ts";
import { formatPartition, type Selection } from "../../../schema/partition.ts";
import { formatQuantity } from "../../../util/format.ts";
import type { Terminal } from "../../terminal/terminal.ts";
import type { FoundRows } from "../search/hits.ts";

export interface OutputChoice {
  output: string;
  format: ExportFormat;
  images: ImageMode;
}

/** Asks for format, images and place of the output, if not given. */
export async function askChoice(
  terminal: Terminal,
  selection: Selection,
  given: Partial<OutputChoice>,
): Promise<OutputChoice> {
  const format = given.format ?? (await askFormat(terminal));
  const images = given.images ?? (await askImages(terminal));
  return { format, images, output: given.output ?? (await askOutput(terminal, format, selection)) };
}

const FORMAT_HINTS: Record<ExportFormat, string> = {
  dataset: "a folder for datasets.load_from_disk",
  parquet: "for pandas, polars, DuckDB, load_dataset",
  arrow: "an Arrow IPC file, read without copying",
};

function askFormat(terminal: Terminal): Promise<ExportFormat> {
  const choices = [...EXPORT_FORMATS]
    .reverse()
    .map((value) => ({ value, label: value, hint: FORMAT_HINTS[value] }));
  return terminal.select("Which format?", choices);
}

function askImages(terminal: Terminal): Promise<ImageMode> {
  return terminal.select<ImageMode>("How to include images?", [
    { value: "embed", label: "embed", hint: "image bytes inside: the output is self-contained" },
    {
      value: "reference",
      label: "reference",
      hint: "paths into the lake: fast, needs the lake mounted",
    },
    { value: "none", label: "none", hint: "no image column" },
  ]);
}

function askOutput(terminal: Terminal, format: ExportFormat, selection: Selection): Promise<string> {
  const [name = "lake"] = selection.datasets ?? selection.providers ?? [];
  const initial = `./${basename(name)}-${format}${fileEnding(format) ?? ""}`;
  const check = (path: string) => (existsSync(path) ? "Something already exists there" : undefined);
  return terminal.path("Where to?", { initial, check });
}

/** Shows what will be downloaded and asks for confirmation; throws `cancelled` if it is denied. */
export async function confirmDownload(
  terminal: Terminal,
  { query, matchCount, partitions }: FoundRows,
  { output, format, images }: OutputChoice,
): Promise<void> {
  terminal.note(`${formatQuantity(Math.min(matchCount, query.limit ?? matchCount), "row")} of`);
  for (const partition of partitions.slice(0, SHOWN)) {
    terminal.note(`  ${formatPartition(partition)} (${formatQuantity(partition.rows, "row")})`);
  }
  if (partitions.length > SHOWN) {
    terminal.note(`  and ${formatQuantity(partitions.length - SHOWN, "partition")} more`);
  }
  terminal.note(`as ${format}, ${IMAGE_WORDS[images]}, into ${output}`);
  if (await terminal.confirm("Download it?")) return;
  throw new AppError("cancelled", "nothing was downloaded");
}

/** Number of partitions named in the summary. */
const SHOWN = 8;

const IMAGE_WORDS: Record<ImageMode, string> = {
  embed: "images inside",
  reference: "images as paths into the lake",
  none: "without images",
};
