import { plainCells } from "../query/output/cells.ts";
import type { Page } from "../schema/labels/region.ts";
import type { Cells } from "../schema/labels/row-label.ts";
import { LABEL_COLUMN, type View, WHOLE_ROW } from "../schema/labels/view.ts";
import { type PartitionKey, pickKey } from "../schema/partition.ts";
import type { RowResult } from "../schema/query.ts";

/** A row with the cells of its label and its page. */
export interface LabelRow {
  partition: PartitionKey;
  /** Text unchanged, everything else as JSON. */
  cells: Cells;
  page: Page | null;
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

/** The rows of wanted partitions, one list per batch. */
export async function* readLabelRows(
  rows: Pick<RowResult, "columns" | "partitions" | "batches">,
  wanted: WantedColumns,
): AsyncGenerator<LabelRow[]> {
  const names = rows.columns.map(({ name }) => name);
  const partitions = rows.partitions.map((one) => {
    const partition = pickKey(one);
    return { partition, columns: wanted(partition), rows: one.rows };
  });
  let at = 0; // index of the current partition
  let left = partitions[0]?.rows ?? 0;
  for await (const batch of rows.batches) {
    const columns = plainCells(batch);
    const cell = (name: string) => columns[names.indexOf(name)] ?? (() => undefined);
    const [width, height, orientation] = [cell("width"), cell("height"), cell("orientation")];
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
      found.push({
        partition: of.partition,
        cells,
        page: pageOf(numberOf(width(row)), numberOf(height(row)), numberOf(orientation(row))),
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

function pageOf(width: number | null, height: number | null, orientation: number | null): Page | null {
  return width === null || height === null ? null : { width, height, orientation };
}
