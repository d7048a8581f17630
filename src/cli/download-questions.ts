import { existsSync } from "node:fs";
import { basename } from "node:path";
import { AppError } from "../errors.ts";
import { EXPORT_FORMATS, type ExportFormat, fileEnding } from "../export/formats.ts";
import type { ImageMode } from "../export/record-batches.ts";
import { formatPartition, isSelected, PARTITION_COLUMNS, type Selection } from "../schema/partition.ts";
import type { PartitionCount } from "../schema/query.ts";
import { formatQuantity } from "../util/format.ts";
import type { Terminal } from "./terminal.ts";

const LISTS = { provider: "providers", dataset: "datasets", task: "tasks", variant: "variants" } as const;

/** Asks for what the flags left open of the selection, from what exists, with counts; one level after the other. */
export async function askSelection(
  terminal: Terminal,
  given: Selection,
  partitions: readonly PartitionCount[],
): Promise<Selection> {
  if (partitions.length === 0) {
    throw new AppError(
      "not_found",
      "the catalog holds no such partition; `datalake catalog partitions` lists all",
    );
  }
  const selection: Selection = { ...given };
  for (const level of PARTITION_COLUMNS) {
    const list = LISTS[level];
    if (selection[list] !== undefined) continue;
    const rows = new Map<string, number>();
    for (const partition of partitions) {
      if (!isSelected(partition, selection)) continue;
      rows.set(partition[level], (rows.get(partition[level]) ?? 0) + partition.rows);
    }
    if (rows.size <= 1) continue;
    const total = [...rows.values()].reduce((sum, count) => sum + count, 0);
    const all = { value: undefined, label: `all ${list}`, hint: formatQuantity(total, "row") };
    const choices = [...rows].map(([value, count]) => ({
      value,
      label: value,
      hint: formatQuantity(count, "row"),
    }));
    const chosen = await terminal.select<string | undefined>(`Which ${level}?`, [all, ...choices]);
    if (chosen !== undefined) selection[list] = [chosen];
  }
  return selection;
}

const FORMAT_HINTS: Record<ExportFormat, string> = {
  dataset: "a folder for datasets.load_from_disk",
  parquet: "for pandas, polars, DuckDB, load_dataset",
  arrow: "an Arrow IPC file, read without copying",
};

export function askFormat(terminal: Terminal): Promise<ExportFormat> {
  const choices = [...EXPORT_FORMATS]
    .reverse()
    .map((value) => ({ value, label: value, hint: FORMAT_HINTS[value] }));
  return terminal.select("In which format?", choices);
}

export function askImages(terminal: Terminal): Promise<"embed" | "reference" | "none"> {
  return terminal.select<"embed" | "reference" | "none">("With the images?", [
    { value: "embed", label: "embed", hint: "their bytes inside: the output stands for itself" },
    {
      value: "reference",
      label: "reference",
      hint: "their paths in the lake: seconds, needs the lake mounted",
    },
    { value: "none", label: "none", hint: "no image column" },
  ]);
}

export function askOutput(terminal: Terminal, format: ExportFormat, selection: Selection): Promise<string> {
  const [name = "lake"] = selection.datasets ?? selection.providers ?? [];
  const initial = `./${basename(name)}-${format}${fileEnding(format) ?? ""}`;
  const check = (path: string) => (existsSync(path) ? "There is something already" : undefined);
  return terminal.path("Where to?", { initial, check });
}

export interface OutputChoice {
  output: string;
  format: ExportFormat;
  images: ImageMode;
}

/** Shows what will be downloaded and asks whether to; throws `cancelled` when not. */
export async function confirmDownload(
  terminal: Terminal,
  partitions: readonly PartitionCount[],
  selection: Selection,
  { output, format, images }: OutputChoice,
  limit: number | undefined,
): Promise<void> {
  const chosen = partitions.filter((partition) => isSelected(partition, selection));
  const total = chosen.reduce((sum, { rows }) => sum + rows, 0);
  terminal.note(`${formatQuantity(Math.min(total, limit ?? total), "row")} of`);
  for (const partition of chosen.slice(0, SHOWN)) {
    terminal.note(`  ${formatPartition(partition)} (${formatQuantity(partition.rows, "row")})`);
  }
  if (chosen.length > SHOWN)
    terminal.note(`  and ${formatQuantity(chosen.length - SHOWN, "partition")} more`);
  terminal.note(`as ${format}, ${IMAGE_WORDS[images]}, into ${output}`);
  if (await terminal.confirm("Download it?")) return;
  throw new AppError("cancelled", "nothing was downloaded");
}

/** Partitions named in the summary. */
const SHOWN = 8;

const IMAGE_WORDS: Record<ImageMode, string> = {
  embed: "images inside",
  reference: "images as paths into the lake",
  none: "without images",
};
