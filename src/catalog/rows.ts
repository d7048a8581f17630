import { quoteList, quoteName } from "../query/sql.ts";
import type { Column } from "../schema/columns.ts";
import type { PartitionFile } from "../schema/metadata.ts";

/** A file whose rows are read, whole or from a row on. */
export interface FileRows {
  path: string;
  columns: PartitionFile["columns"];
  /** First row taken, 0-based; 0 without. */
  rowStart?: number;
}

/**
 * SQL that gives the rows of files one after the other, in exactly these columns and types; a column that a file lacks
 * is NULL. Neighbouring files of the same shape share one reader.
 */
export function selectRows(files: readonly FileRows[], columns: readonly Column[]): string {
  const runs: { files: FileRows[]; shape: string }[] = [];
  for (const file of files) {
    const shape = JSON.stringify([file.columns.map(({ name, type }) => [name, type]), file.rowStart ?? 0]);
    const last = runs.at(-1);
    if (last?.shape === shape && !file.rowStart) last.files.push(file);
    else runs.push({ files: [file], shape });
  }
  if (runs.length === 0) {
    return `SELECT ${columns.map(({ name, type }) => nullColumn(name, type)).join(", ")} WHERE false`;
  }
  return runs.map((run) => selectRun(run.files, columns)).join("\nUNION ALL\n");
}

function selectRun(files: readonly FileRows[], columns: readonly Column[]): string {
  const rowStart = files[0]?.rowStart ?? 0;
  const list = columns.map((column) => selectColumn(column, files[0]?.columns ?? [])).join(", ");
  const where = rowStart > 0 ? ` WHERE file_row_number >= ${rowStart}` : "";
  return `SELECT ${list} FROM ${readFiles(files.map((file) => file.path))}${where}`;
}

/** `read_parquet` over an explicit list; the path's `key=value` parts are never columns. */
export function readFiles(paths: readonly string[]): string {
  return `read_parquet(${quoteList(paths)}, hive_partitioning = false)`;
}

/** One column of a file in the type wanted. */
export function selectColumn(column: Column, available: readonly Column[]): string {
  const found = available.find((other) => other.name === column.name);
  if (!found) return nullColumn(column.name, column.type);
  const name = quoteName(column.name);
  return found.type === column.type ? name : `CAST(${name} AS ${column.type}) AS ${name}`;
}

function nullColumn(name: string, type: string): string {
  return `CAST(NULL AS ${type}) AS ${quoteName(name)}`;
}
