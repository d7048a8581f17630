import { isOfLabel } from "../../schema/row-filter.ts";
import { columnsOfName } from "../row-filters.ts";
import type { StoredPartition } from "./described.ts";
import { byLayout, homeTable, ofParts, PART, ROW, readColumns } from "./homes.ts";
import { LABEL_NAMES, LABEL_ROWS } from "./label-facts.ts";

const LABEL_COLUMNS = `regions AS ${LABEL_NAMES["label.regions"]}, characters AS ${LABEL_NAMES["label.characters"]},
  categories AS ${LABEL_NAMES["label.category"]}, scripts AS ${LABEL_NAMES["label.script"]}, words AS "@words"`;

/**
 * SQL of the rows of partitions with what these names of filters and orders read: number, number of the partition, and
 * columns. Of labels, which are loaded: rows without counted ones have NULL there, and are left out where nothing
 * else is read (`isAll` keeps them).
 */
export function relateRows(
  partitions: readonly StoredPartition[],
  names: Iterable<string>,
  { isAll = false } = {},
): string {
  const all = [...new Set(names)];
  const columns = [...new Map(all.flatMap(columnsOfName).map((column) => [column.name, column])).values()];
  const hasLabels = all.some(isOfLabel);
  const numbers = `n AS ${ROW}, part AS ${PART}`;
  if (hasLabels && columns.length === 0 && !isAll) {
    return `(SELECT ${numbers}, ${LABEL_COLUMNS} FROM ${LABEL_ROWS} WHERE ${ofNumbers(partitions)})`;
  }
  const tables = byLayout(partitions).map(
    (group) =>
      `SELECT ${[ROW, PART, ...readColumns(group, columns)].join(", ")} FROM ${homeTable(group[0]?.home ?? 0)} WHERE ${ofParts(group)}`,
  );
  const rows = `(${tables.join(" UNION ALL ")})`;
  if (!hasLabels) return rows;
  return `(SELECT r.*, f.* EXCLUDE (n, part) FROM ${rows} AS r LEFT JOIN
    (SELECT n, part, ${LABEL_COLUMNS} FROM ${LABEL_ROWS} WHERE ${ofNumbers(partitions)}) AS f ON f.n = r.${ROW})`;
}

function ofNumbers(partitions: readonly StoredPartition[]): string {
  return `part IN (${partitions.map(({ part }) => part).join(", ")})`;
}
