import { basename } from "node:path";
import { EXPORT_FORMATS, type ExportFormat, fileEnding } from "../export/formats.ts";
import { isSelected, PARTITION_COLUMNS, type Selection } from "../schema/partition.ts";
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
  return terminal.path("Where to?", { initial });
}
