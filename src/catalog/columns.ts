import { quoteName } from "../query/sql.ts";
import { commonType, mergeColumns } from "../schema/column-types.ts";
import { type Column, type ColumnStats, SYSTEM_COLUMNS } from "../schema/columns.ts";

type Part = { rows: number; columns: readonly ColumnStats[] };

const SYSTEM_NAMES: ReadonlySet<string> = new Set(SYSTEM_COLUMNS.map((column) => column.name));

/** The columns of the table `catalog` behind the partition's names: the users' by first appearance, then the lake's. */
export function catalogColumns(partitions: readonly Part[]): ColumnStats[] {
  const columns = mergeColumns(partitions);
  const isSystem = (column: Column) => SYSTEM_NAMES.has(column.name);
  const system = SYSTEM_COLUMNS.map(({ name }) => columns.find((column) => column.name === name));
  return [
    ...columns.filter((column) => !isSystem(column)),
    ...system.filter((column) => column !== undefined),
  ];
}

/**
 * SQL that brings the table `catalog` from the columns that it has to those wanted; undefined when the values that it
 * holds are not what a reading of the files in the new type would give (a number that became text), so that it must be
 * built anew.
 */
export function planColumns(
  has: readonly Column[],
  held: readonly Part[],
  wanted: readonly Column[],
): string[] | undefined {
  const statements: string[] = [];
  const old = new Map(has.map((column) => [column.name, column.type]));
  const valueCounts = new Map(mergeColumns(held).map(({ name, nulls }) => [name, countRows(held) - nulls]));
  for (const { name, type } of wanted) {
    const before = old.get(name);
    const column = quoteName(name);
    if (before === undefined) statements.push(`ALTER TABLE catalog ADD COLUMN ${column} ${type}`);
    else if (before !== type) {
      const isEmpty = (valueCounts.get(name) ?? 0) === 0;
      const widens = commonType(before, type) === type;
      if (!isEmpty && !widens) return undefined;
      const using = isEmpty ? `CAST(NULL AS ${type})` : `CAST(${column} AS ${type})`;
      statements.push(`ALTER TABLE catalog ALTER COLUMN ${column} SET DATA TYPE ${type} USING ${using}`);
    }
  }
  const names = new Set(wanted.map((column) => column.name));
  for (const { name } of has) {
    if (!names.has(name)) statements.push(`ALTER TABLE catalog DROP COLUMN ${quoteName(name)}`);
  }
  return statements;
}

function countRows(parts: readonly Part[]): number {
  return parts.reduce((sum, part) => sum + part.rows, 0);
}
