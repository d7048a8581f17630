import type { ColumnStats } from "../../schema/columns.ts";
import type { Database } from "../database.ts";

/** The columns of a partition, marked where its `open_columns` name them (schema/open-types.ts). */
export function markOpen(columns: ColumnStats[], open: readonly string[] | null | undefined): ColumnStats[] {
  if (!open || open.length === 0) return columns;
  const names = new Set(open);
  return columns.map((column) => (names.has(column.name) ? { ...column, open: true } : column));
}

/** SQL of whether a column `c` of a table `partitions` is open; tables of earlier versions do not say. */
export async function openTest(database: Database, table: string): Promise<string> {
  const columns = await database.rows<{ column_name: string }>(`DESCRIBE ${table}`);
  const isSaid = columns.some(({ column_name }) => column_name === "open_columns");
  return isSaid ? "coalesce(list_contains(open_columns, c.name), false)" : "false";
}
