import type { ColumnStats } from "../../schema/columns.ts";
import { type HousedPartition, layoutOf } from "../duckdb/homes.ts";
import { searchedColumns } from "../row-plan.ts";
import { holdsText } from "../text-leaves.ts";
import type { RowRange } from "./ranges.ts";

/** Rows of a column that one query reads. */
export interface Run {
  /** One of the partitions that they are of: all have its layout. */
  partition: HousedPartition;
  type: string;
  start: number;
  /** Exclusive. */
  end: number;
  /** Whether all texts are known to be in NFC. */
  normal: boolean;
  /** Whether most of them are NULL. */
  sparse: boolean;
  /** SQL of a relation with the rows' numbers and the column, where that is not the table of the rows. */
  source?: string;
}

/**
 * The columns that are searched in these ranges, ascending: their rows' own text, or a file's name. Neighbours that are
 * read alike are one run. What it costs grows with the columns of the ranges' partitions, whatever others have.
 */
export function planColumns(
  ranges: readonly RowRange[],
  partitions: ReadonlyMap<number, HousedPartition>,
): Map<string, Run[]> {
  const searched = new Map<number, ColumnStats[]>();
  const columns = new Map<string, Run[]>();
  for (const { part, row_start: start, row_end: end } of ranges) {
    const partition = partitions.get(part);
    if (partition === undefined) continue;
    const own = searched.get(part) ?? searchedOf(partition);
    searched.set(part, own);
    for (const { name, type, nfc, nulls } of own) {
      const normal = nfc === true || !holdsText(type);
      const sparse = nulls * 2 > partition.rows;
      const runs = columns.get(name) ?? [];
      columns.set(name, runs);
      const last = runs.at(-1);
      const joins = last?.end === start && last.normal === normal && last.sparse === sparse;
      if (joins && layoutOf(last.partition) === layoutOf(partition)) last.end = end;
      else runs.push({ partition, type, start, end, normal, sparse });
    }
  }
  return columns;
}

/** The columns of a partition that are searched. */
export function searchedOf(partition: HousedPartition): ColumnStats[] {
  const names = new Set(searchedColumns(partition.columns, [partition]).map(({ name }) => name));
  return partition.columns.filter(({ name }) => names.has(name));
}
