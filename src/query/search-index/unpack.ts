import type { Database } from "../database.ts";
import { type HousedPartition, homeTable, ROW, readColumns, SHARED_HOME } from "../duckdb/homes.ts";
import type { Run } from "./columns.ts";

/** With fewer columns in a list, to read it for each of them is as good. */
const MANY_COLUMNS = 16;
/** Columns and values that are unpacked at once: each column of a table takes a block. */
const SLICE_COLUMNS = 200;
const SLICE_VALUES = 10_000_000;
/** Columns of all tables together: small tables stay in memory, some 35 KB a column, whatever its limit is. */
const LIVE_COLUMNS = 4 * SLICE_COLUMNS;

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
  /** Of runs that lost their table to others: one that comes back is read column by column. */
  const dropped = new Map<string, ReadonlySet<string>>();
  const drop = (name: string) => database.run(`DROP TABLE IF EXISTS ${name}`);
  const makeRoom = async (wanted: number) => {
    let live = tables.values().reduce((sum, { columns }) => sum + columns.size, 0);
    for (const [place, { name, columns }] of tables) {
      if (live + wanted <= LIVE_COLUMNS) return;
      await drop(name);
      tables.delete(place);
      dropped.set(place, columns);
      live -= columns.size;
    }
  };
  return {
    tableOf: async (run, column) => {
      const { partition, start, end } = run;
      const slice = sliceOf(run, column);
      if (slice.length === 0) return readRun(run, [column]);
      const place = `${partition.part} ${start} ${end}`;
      const before = tables.get(place);
      if (before?.columns.has(column)) return `temp.${before.name}`;
      if (before) {
        await drop(before.name);
        tables.delete(place);
      }
      if (dropped.get(place)?.has(column)) return readRun(run, [column]);
      await makeRoom(slice.length);
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
