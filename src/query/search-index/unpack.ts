import type { Database } from "../database.ts";
import { type HousedPartition, homeTable, ROW, readColumns, SHARED_HOME } from "../duckdb/homes.ts";
import type { Run } from "./columns.ts";

/** With fewer columns in a list, to read it for each of them is as good. */
const MANY_COLUMNS = 16;
/** Columns and values that are unpacked at once: each column of a table takes a block. */
const SLICE_COLUMNS = 200;
const SLICE_VALUES = 10_000_000;

/**
 * Gives the table from which columns of the shared home are best read. There a row's texts are one list: to read it for
 * each of thousands of columns would cost columns times rows, so some hundred columns at a time are put into a table.
 */
export interface Unpacking {
  /** SQL of a table that has the rows' numbers and the column in its own type. */
  tableOf(run: Run, column: string): Promise<string>;
  close(): Promise<void>;
}

export function openUnpacking(database: Database): Unpacking {
  const tables = new Map<string, { name: string; columns: ReadonlySet<string> }>();
  let made = 0;
  const drop = (name: string) => database.run(`DROP TABLE IF EXISTS ${name}`);
  return {
    tableOf: async (run, column) => {
      const { partition, start, end } = run;
      const slice = sliceOf(run, column);
      if (slice.length === 0) return readRun(run, [column]);
      const place = `${partition.part} ${start} ${end}`;
      const before = tables.get(place);
      if (before?.columns.has(column)) return `temp.${before.name}`;
      if (before) await drop(before.name);
      const name = `unpacked_${made++}`;
      await database.run(`CREATE TEMP TABLE ${name} AS ${readRun(run, slice)}`);
      tables.set(place, { name, columns: new Set(slice) });
      return `temp.${name}`;
    },
    close: async () => {
      for (const { name } of tables.values()) await drop(name);
    },
  };
}

/** The columns that are unpacked with this one, from it on; none where it is best read by itself. */
function sliceOf({ partition, start, end }: Run, column: string): string[] {
  const { texts } = partition.cells;
  const at = texts.indexOf(column);
  if (partition.home !== SHARED_HOME || at < 0 || texts.length < MANY_COLUMNS) return [];
  const size = Math.min(SLICE_COLUMNS, Math.floor(SLICE_VALUES / (end - start)));
  return size < MANY_COLUMNS ? [] : texts.slice(at, at + size);
}

function readRun({ partition, start, end }: Run, names: readonly string[]): string {
  const wanted = new Set(names);
  const columns = partition.columns.filter(({ name }) => wanted.has(name));
  const list = [ROW, ...readColumns([partition as HousedPartition], columns)];
  return `(SELECT ${list.join(", ")} FROM ${homeTable(partition.home)} WHERE ${ROW} >= ${start} AND ${ROW} < ${end})`;
}
