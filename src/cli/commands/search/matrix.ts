import type { PartitionCount } from "../../../schema/query.ts";
import { formatCount, formatQuantity } from "../../../util/format.ts";
import { cutCell, oneLine, renderTable } from "../../terminal/table.ts";

const MAX_DATASETS = 30;
/** Cells that a name may take. */
const NAME_WIDTH = 40;

/**
 * What exists, as a table for people: datasets down, tasks and variants across, rows in each. With more than a screen
 * holds, datasets with most rows and columns that fit into `width` cells, and how many are left out.
 */
export function renderMatrix(partitions: readonly PartitionCount[], width = 80): string[] {
  const across = totals(partitions, ({ task, variant }) => `${task}/${variant}`);
  const down = totals(partitions, ({ provider, dataset }) => `${provider}/${dataset}`);
  const datasets = [...down].sort((a, b) => b[1] - a[1]).slice(0, MAX_DATASETS);
  const shown = new Set(datasets.map(([name]) => name));
  const rows = [...down.keys()].filter((name) => shown.has(name));
  const counts = new Map(
    partitions.map(({ provider, dataset, task, variant, rows: count }) => [
      JSON.stringify([`${provider}/${dataset}`, `${task}/${variant}`]),
      formatCount(count),
    ]),
  );
  const table = (columns: readonly string[]) =>
    renderTable(
      [{ title: "" }, ...columns.map((title) => ({ title: shorten(title), align: "right" as const }))],
      rows.map((row) => [
        shorten(row),
        ...columns.map((column) => counts.get(JSON.stringify([row, column])) ?? "·"),
      ]),
    );
  let columns = [...across].sort((a, b) => b[1] - a[1]).map(([name]) => name);
  const all = columns.length;
  const inOrder = () => [...across.keys()].filter((name) => columns.includes(name));
  while (columns.length > 1 && widthOf(table(inOrder())) > width) columns = columns.slice(0, -1);
  const lines = table(inOrder()).split("\n");
  if (down.size > rows.length) lines.push(`and ${formatQuantity(down.size - rows.length, "dataset")} more`);
  if (all > columns.length)
    lines.push(`and ${formatQuantity(all - columns.length, "task/variant", "tasks/variants")} more`);
  return lines;
}

function shorten(name: string): string {
  return cutCell(oneLine(name), NAME_WIDTH);
}

function widthOf(text: string): number {
  return Math.max(...text.split("\n").map((line) => Bun.stringWidth(line)));
}

/** Rows by a name, in the order of the partitions. */
function totals(
  partitions: readonly PartitionCount[],
  nameOf: (partition: PartitionCount) => string,
): Map<string, number> {
  const rows = new Map<string, number>();
  for (const partition of partitions) {
    const name = nameOf(partition);
    rows.set(name, (rows.get(name) ?? 0) + partition.rows);
  }
  return rows;
}
