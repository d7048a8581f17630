import type { Database } from "../database.ts";

/** Rows of one partition that have numbers in a row. */
export interface RowRange {
  part: number;
  row_start: number;
  /** Exclusive. */
  row_end: number;
}

/** The ranges of all rows of the catalog, and of those that the search index knows. Nearly every partition is one. */
export type RangeTable = "row_ranges" | "index_ranges";

/** Columns of those tables. */
export const RANGE_COLUMNS = "part INTEGER, row_start INTEGER, row_end INTEGER";

/** Ranges that one statement names. */
const INSERT_SIZE = 5000;

export async function insertRanges(
  database: Database,
  table: RangeTable,
  ranges: readonly RowRange[],
): Promise<void> {
  for (let at = 0; at < ranges.length; at += INSERT_SIZE) {
    const rows = ranges.slice(at, at + INSERT_SIZE);
    const values = rows.map(({ part, row_start, row_end }) => `(${part}, ${row_start}, ${row_end})`);
    await database.run(`INSERT INTO ${table} VALUES ${values.join(", ")}`);
  }
}

/**
 * Takes from the index what it knows of rows that are gone, in the database in use; their postings stay behind, and stand
 * for nothing.
 */
export async function forgetRanges(database: Database): Promise<void> {
  await database.run("DELETE FROM index_ranges WHERE row_start NOT IN (SELECT row_start FROM row_ranges)");
}

/** The ranges that the index does not know, ascending. */
export function missingRanges(database: Database): Promise<RowRange[]> {
  return database.rows<RowRange>(
    "SELECT * FROM row_ranges WHERE row_start NOT IN (SELECT row_start FROM index_ranges) ORDER BY row_start",
  );
}

/** The ranges that the database in use holds, ascending; none of an index where there is none. */
export async function readAllRanges(database: Database): Promise<Record<RangeTable, RowRange[]>> {
  const [rows, index] = ["row_ranges", "index_ranges"].map(
    (table) => `SELECT part, row_start, row_end, '${table}' AS "table" FROM ${table}`,
  );
  const read = (sql: string) => database.rows<RowRange & { table: RangeTable }>(`${sql} ORDER BY row_start`);
  const ranges = await read(`${rows} UNION ALL ${index}`).catch((error) => {
    // To ask whether there is a table takes the engine a look at all of them.
    if (isNoTable(error)) return read(rows as string);
    throw error;
  });
  const { row_ranges = [], index_ranges = [] } = Object.groupBy(ranges, ({ table }) => table);
  return { row_ranges, index_ranges };
}

export function isNoTable(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith("Catalog Error: Table with name");
}
