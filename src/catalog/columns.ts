import { type Column, type ColumnStats, SYSTEM_COLUMNS } from "../schema/columns.ts";
import { mergeColumns } from "../schema/merge-columns.ts";

type Part = { rows: number; columns: readonly ColumnStats[] };

const SYSTEM_NAMES: ReadonlySet<string> = new Set(SYSTEM_COLUMNS.map((column) => column.name));

/** The columns of partitions together: the users' by first appearance, then the lake's. */
export function catalogColumns(partitions: readonly Part[]): ColumnStats[] {
  const columns = mergeColumns(partitions);
  const isSystem = (column: Column) => SYSTEM_NAMES.has(column.name);
  const system = SYSTEM_COLUMNS.map(({ name }) => columns.find((column) => column.name === name));
  return [
    ...columns.filter((column) => !isSystem(column)),
    ...system.filter((column) => column !== undefined),
  ];
}
