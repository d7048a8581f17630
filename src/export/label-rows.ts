import { plainCells } from "../query/output/cells.ts";
import { type ImageColumn, imageColumnsOf } from "../schema/image-columns.ts";
import type { RowPage } from "../schema/labels/read-pages.ts";
import type { Page } from "../schema/labels/region.ts";
import type { Cells } from "../schema/labels/row-label.ts";
import { LABEL_COLUMN, type View, WHOLE_ROW } from "../schema/labels/view.ts";
import { type PartitionKey, pickKey } from "../schema/partition.ts";
import type { RowResult } from "../schema/query.ts";
import { pageCells } from "./page-cells.ts";

/** A row with the cells of its label and its page. */
export interface LabelRow {
  partition: PartitionKey;
  /** Text unchanged, everything else as JSON. */
  cells: Cells;
  /** The one that it has; of several, the first if all have its size, else null. */
  page: Page | null;
  pages: RowPage[];
  upload_id: string | null;
  source_row: number | null;
  source_name: string | null;
  /** Path of its image, relative to `assets/`. */
  path: string | null;
}

/** Columns to read of a partition; undefined skips the partition. */
export type WantedColumns = (partition: PartitionKey) => "all" | ReadonlySet<string> | undefined;

/** The label column of a view, or all columns. */
export function columnsOf({ column = LABEL_COLUMN }: Pick<View, "column">): "all" | ReadonlySet<string> {
  return column === WHOLE_ROW ? "all" : new Set([column]);
}

/** The rows of wanted partitions, one list per batch. Their pages are in the columns `images`, of which the sizes are enough. */
export async function* readLabelRows(
  result: Pick<RowResult, "columns" | "partitions" | "batches">,
  wanted: WantedColumns,
  images: readonly ImageColumn[] = imageColumnsOf(result.columns),
): AsyncGenerator<LabelRow[]> {
  const names = result.columns.map(({ name }) => name);
  const partitions = result.partitions.map((one) => {
    const partition = pickKey(one);
    return { partition, columns: wanted(partition), rows: one.rows };
  });
  let at = 0; // index of the current partition
  let left = partitions[0]?.rows ?? 0;
  for await (const batch of result.batches) {
    const columns = plainCells(batch);
    const cell = (name: string) => columns[names.indexOf(name)] ?? (() => undefined);
    const pagesAt = pageCells(images, cell);
    const [uploadId, sourceRow, sourceName] = [cell("upload_id"), cell("source_row"), cell("source_name")];
    const path = cell("path");
    const found: LabelRow[] = [];
    for (let row = 0; row < batch.numRows; row++) {
      while (left === 0 && at + 1 < partitions.length) left = partitions[++at]?.rows ?? 0;
      left--;
      const of = partitions[at];
      if (of?.columns === undefined) continue;
      const cells: Record<string, unknown> = {};
      for (const [index, name] of names.entries()) {
        if (of.columns === "all" || of.columns.has(name)) cells[name] = columns[index]?.(row);
      }
      const pages = pagesAt(row);
      found.push({
        partition: of.partition,
        cells,
        page: onlySize(pages),
        pages,
        upload_id: uploadId(row) ?? null,
        source_row: numberOf(sourceRow(row)),
        source_name: sourceName(row) ?? null,
        path: path(row) ?? null,
      });
    }
    yield found;
  }
}

function numberOf(text: string | undefined): number | null {
  return text === undefined ? null : Number(text);
}

function onlySize([first, ...others]: readonly RowPage[]): Page | null {
  if (first === undefined) return null;
  const isSame = others.every(({ width, height }) => width === first.width && height === first.height);
  return isSame ? first : null;
}
