import type { RowOrder } from "../../schema/row-filter.ts";
import { interruptible } from "../database.ts";
import { renderValue } from "../row-filters.ts";
import type { RowPlan } from "../row-plan.ts";
import { hasRow } from "../search-index/row-set.ts";
import { chooseRows } from "./choose-rows.ts";
import type { StoredPartition } from "./described.ts";
import { type FoundSet, numbersOf } from "./find-rows.ts";
import { ROW } from "./homes.ts";
import { LABEL_SQL } from "./label-facts.ts";
import { filteredRows, loadFor, type RowSearch } from "./match-rows.ts";
import { relateRows } from "./related-rows.ts";

/** So few rows are named: then no others are sorted. */
const FEW_ROWS = 2000;

/**
 * Numbers of the rows of a plan in this order; `found` are those that meet it, where it asks for any. Rows without a
 * value come last, equal ones by their number.
 */
export async function sortRows(
  search: RowSearch,
  { partitions, filters }: Pick<RowPlan<StoredPartition>, "partitions" | "filters">,
  found: FoundSet | undefined,
  { by, isDescending }: RowOrder,
): Promise<Int32Array> {
  const { database, signal } = search;
  const isCounted = await loadFor(search, partitions, [...filters, { name: by }]);
  const held = found ? found.counts : partitions.map(({ rows }) => rows);
  const numbers = new Int32Array(held.reduce((sum, rows) => sum + rows, 0));
  const value = renderValue(by, isCounted ? LABEL_SQL : undefined);
  // Less to sort than all: the rows that meet the filters, or those that a text was found in.
  const rows =
    filters.length === 0
      ? relateRows(partitions, [by], { isAll: true })
      : `(SELECT * FROM ${filteredRows(partitions, filters, isCounted, [by])})`;
  const isFew = found !== undefined && numbers.length <= FEW_ROWS;
  const where = isFew ? `WHERE ${(await chooseRows(database, numbersOf(found))).where}` : "";
  const sql = `SELECT ${ROW} FROM ${rows} ${where}
    ORDER BY ${value} ${isDescending ? "DESC" : "ASC"} NULLS LAST, ${ROW}`;
  let count = 0;
  await interruptible(database, signal, async () => {
    for await (const chunk of database.chunks(sql)) {
      const { items } = chunk.getColumnVector(0) as unknown as { items: Int32Array };
      const { rowCount } = chunk; // asks the engine each time
      for (let row = 0; row < rowCount; row++) {
        const number = items[row] as number;
        if (found === undefined || hasRow(found.set, number)) numbers[count++] = number;
      }
    }
  });
  return numbers.subarray(0, count);
}

/** Finds the partition of a row by its number. */
export function finderOf({ catalog }: RowSearch, partitions: readonly StoredPartition[]) {
  const ranges = partitions
    .flatMap((partition) => (catalog.ranges.get(partition.part) ?? []).map((range) => ({ partition, range })))
    .sort((a, b) => a.range.row_start - b.range.row_start);
  return (number: number): StoredPartition => {
    let [low, high] = [0, ranges.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if ((ranges[middle]?.range.row_start ?? 0) <= number) low = middle;
      else high = middle - 1;
    }
    return (ranges[low] as { partition: StoredPartition }).partition;
  };
}
