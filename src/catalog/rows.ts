import { castValue } from "../query/duckdb/cast.ts";
import { quoteList, quoteName } from "../query/sql.ts";
import type { Column, ColumnStats } from "../schema/columns.ts";
import { saidType } from "../schema/open-types.ts";

/** What must be known of a Parquet file to read its rows in other types. */
export interface FileShape {
  path: string;
  rows: number;
  columns: readonly ColumnStats[];
}

/**
 * SQL that gives the rows of files one after the other, in exactly these columns and types; a column that a file lacks
 * is NULL. Neighbouring files of the same shape share one reader.
 */
export function selectRows(files: readonly FileShape[], columns: readonly Column[]): string {
  const runs: { files: FileShape[]; shape: string }[] = [];
  for (const file of files) {
    const shape = describeShape(file);
    const last = runs.at(-1);
    if (last?.shape === shape) last.files.push(file);
    else runs.push({ files: [file], shape });
  }
  const selects = runs.map((run) => {
    const list = columns.map((column) => selectColumn(column, run.files[0]) ?? nullColumn(column));
    return `SELECT ${list.join(", ")} FROM ${readFiles(run.files.map((file) => file.path))}`;
  });
  return selects.join("\nUNION ALL\n");
}

/** Equal for files that one SELECT can read: the columns that hold a value, in order, with their types. */
export function describeShape(file: FileShape): string {
  const typed = file.columns.map((column) => [
    column.name,
    column.nulls < file.rows ? saidType(column) : null,
  ]);
  return JSON.stringify(typed);
}

/** `read_parquet` over an explicit list; `key=value` parts of a path are never columns. */
export function readFiles(paths: readonly string[]): string {
  return `read_parquet(${quoteList(paths)}, hive_partitioning = false)`;
}

/** A file's column in the type wanted; undefined when it holds no value, whatever type it then has. */
export function columnValue(column: Column, file: FileShape | undefined): string | undefined {
  const found = file?.columns.find((other) => other.name === column.name);
  if (!found || found.nulls === file?.rows) return undefined;
  const name = quoteName(column.name);
  return castValue(name, found.type, column.type);
}

function selectColumn(column: Column, file: FileShape | undefined): string | undefined {
  const value = columnValue(column, file);
  return value && `${value} AS ${quoteName(column.name)}`;
}

function nullColumn({ name, type }: Column): string {
  return `CAST(NULL AS ${type}) AS ${quoteName(name)}`;
}
