import type { DuckDBDataChunk } from "@duckdb/node-api";
import type { Database } from "../database.ts";

/**
 * Temporary tables of rows, each connection's own: `part` is the partition's position in the plan, `row` a rowid of
 * `catalog`.
 */
export type RowTable = "temp.found" | "temp.doubtful";
/** Rows that meet the condition. */
export const FOUND: RowTable = "temp.found";
/** Rows that may. */
export const DOUBTFUL: RowTable = "temp.doubtful";

/** Makes the table, empty. */
export async function makeRowTable(database: Database, table: RowTable): Promise<void> {
  await database.run(`CREATE OR REPLACE TEMP TABLE ${table} (part INTEGER, "row" BIGINT)`);
}

/** DuckDB's vector size. */
const CHUNK_ROWS = 2048;

/** Adds rows to the table; gives their number. */
export async function appendRows(
  database: Database,
  table: RowTable,
  rows: Iterable<{ part: number; row: number }>,
): Promise<number> {
  const { BIGINT, DuckDBDataChunk, INTEGER } = await import("@duckdb/node-api");
  const [schema = "", name = ""] = table.split(".");
  const appender = await database.connection.createAppender(name, "main", schema);
  const parts: number[] = [];
  const numbers: bigint[] = [];
  let count = 0;
  const flush = () => {
    const chunk: DuckDBDataChunk = DuckDBDataChunk.create([INTEGER, BIGINT], parts.length);
    chunk.setColumnValues(0, parts.splice(0));
    chunk.setColumnValues(1, numbers.splice(0));
    appender.appendDataChunk(chunk);
  };
  for (const { part, row } of rows) {
    parts.push(part);
    numbers.push(BigInt(row));
    count++;
    if (parts.length === CHUNK_ROWS) flush();
  }
  if (parts.length > 0) flush();
  appender.closeSync();
  return count;
}
