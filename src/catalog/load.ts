import { AppError } from "../errors.ts";
import type { Database } from "../query/database.ts";
import { type HousedPartition, layoutOf, ROW } from "../query/duckdb/homes.ts";
import { insertRanges, type RowRange } from "../query/search-index/ranges.ts";
import { quoteName, quoteText } from "../query/sql.ts";
import type { Column } from "../schema/columns.ts";
import type { PartitionKey } from "../schema/partition.ts";
import { measureColumns } from "./footer.ts";
import { createHome, deleteRows, insertSql } from "./home-tables.ts";
import type { StoredFile } from "./partition.ts";
import { FILE_INDEX, type Load, ROW_NUMBER } from "./plan.ts";
import { columnValue, describeShape, readFiles } from "./rows.ts";

/** Files of the same shape that one statement inserts, each with the partition that it belongs to. */
export interface Insert {
  files: {
    file: StoredFile;
    partition: HousedPartition /** Number of the first row taken. */;
    row: number;
  }[];
  /** First row taken of its only file; 0 when all rows of all files are. */
  rowStart: number;
  /** Behind the last row taken of its only file; without, all of them. */
  rowEnd?: number;
}

/**
 * The inserts that load these rows, each partition's files in their order: the n-th shape of every partition is taken
 * before any n+1-th. Thousands of files of one shape make one insert. Rows are numbered from `firstRow` in the order in
 * which they are inserted.
 */
export function planInserts(
  loads: readonly Load[],
  partitionOf: (key: PartitionKey) => HousedPartition,
  firstRow: number,
): Insert[] {
  const waves: Map<string, Insert>[] = [];
  for (const { state, rowStart } of loads) {
    const partition = partitionOf(state.key);
    const layout = layoutOf(partition);
    let fileStart = 0;
    let wave = -1;
    let lastShape: string | undefined;
    for (const file of state.files) {
      const start = Math.max(0, rowStart - fileStart);
      fileStart += file.rows;
      if (start >= file.rows) continue;
      const hides = file.columns.some(({ name }) => name === FILE_INDEX || name === ROW_NUMBER);
      const alone = start > 0 || hides;
      const shape = alone ? file.path : `${layout} ${describeShape(file)}`;
      if (shape !== lastShape) wave++;
      lastShape = shape;
      const inserts = waves[wave] ?? new Map<string, Insert>();
      waves[wave] = inserts;
      const insert = inserts.get(shape) ?? { files: [], rowStart: start };
      insert.files.push({ file, partition, row: 0 });
      inserts.set(shape, insert);
    }
  }
  let row = firstRow;
  const inserts = waves.flatMap((wave) => Array.from(wave.values()));
  for (const { files, rowStart } of inserts) {
    for (const one of files) {
      one.row = row;
      row += one.file.rows - rowStart;
    }
  }
  return inserts;
}

export function hidesRows({ columns }: StoredFile): boolean {
  return columns.some(({ name }) => name === ROW_NUMBER);
}

/** The SQL of one insert into the home of its partitions. */
export function insertStatement(insert: Insert): string {
  const { files, rowStart, rowEnd } = insert;
  const [first] = files;
  if (first === undefined) return "";
  const { file, partition } = first;
  const within = [
    ...(rowStart > 0 ? [`${quoteName(ROW_NUMBER)} >= ${rowStart}`] : []),
    ...(rowEnd === undefined ? [] : [`${quoteName(ROW_NUMBER)} < ${rowEnd}`]),
  ];
  const where = within.length === 0 ? "" : ` WHERE ${within.join(" AND ")}`;
  return insertSql(partition, {
    row: numberOf(insert),
    part: byFile(files.map((one) => String(one.partition.part))),
    key: (name) => byFile(files.map((one) => quoteText(one.partition[name]))),
    value: (column: Column) => columnValue(column, file),
    from: `${readFiles(files.map((one) => one.file.path))}${where}`,
  });
}

/**
 * The same rows in inserts of a few rows each, which take less memory: the engine makes the lists of the shared home for
 * 2,048 rows at a time, with room for twice as many values.
 */
function inSteps(insert: Insert, stepRows: number): Insert[] {
  const { rowStart } = insert;
  return insert.files.flatMap((one) => {
    if (hidesRows(one.file)) return [{ files: [one], rowStart }];
    const count = Math.ceil((one.file.rows - rowStart) / stepRows);
    return Array.from({ length: count }, (_, at) => {
      const from = at * stepRows;
      return {
        files: [{ ...one, row: one.row + from }],
        rowStart: rowStart + from,
        rowEnd: rowStart + from + stepRows,
      };
    });
  });
}

/** SQL of the number of a row of the files. */
function numberOf({ files, rowStart }: Insert): string {
  const starts = files.map(({ row }) => row - rowStart);
  // A column of that name hides the engine's own: such a file is read alone, from its first row.
  const [first] = files;
  const within = first && hidesRows(first.file) ? "row_number() OVER () - 1" : quoteName(ROW_NUMBER);
  return `CAST(${byFile(starts.map(String))} + ${within} AS INTEGER)`;
}

/** SQL of a relation with one column of the rows of files, all of them, and their numbers; undefined where it is NULL. */
export function valuesOf(insert: Insert, column: Column): string | undefined {
  const value = columnValue(column, insert.files[0]?.file);
  if (value === undefined) return undefined;
  const files = readFiles(insert.files.map(({ file }) => file.path));
  return `(SELECT ${numberOf(insert)} AS ${ROW}, ${value} AS ${quoteName(column.name)} FROM ${files})`;
}

/** One of these SQL values, by the position of the row's file in the list. */
function byFile(values: readonly string[]): string {
  const [first = ""] = values;
  if (values.every((value) => value === first)) return first;
  return `[${values.join(", ")}][CAST(${quoteName(FILE_INDEX)} AS BIGINT) + 1]`;
}

/** The ranges of rows that inserts make, those of a partition that lie together as one. */
export function rangesOf(inserts: readonly Insert[]): RowRange[] {
  const ranges: RowRange[] = [];
  for (const { files, rowStart } of inserts) {
    for (const { file, partition, row } of files) {
      const end = row + file.rows - rowStart;
      const last = ranges.at(-1);
      if (last?.part === partition.part && last.row_end === row) last.row_end = end;
      else ranges.push({ part: partition.part, row_start: row, row_end: end });
    }
  }
  return ranges;
}

/** An index of rows on its way. */
export interface Indexing {
  /** Waits for it. Whatever kept it from its end, rows that it does not know are indexed later; throws where a COMMIT failed. */
  finish(): Promise<void>;
  /** Ends it; it may know rows that are not there. */
  stop(): Promise<void>;
}

export interface LoadTarget {
  database: Database;
  /** The partition as the catalog is to hold it. */
  partitionOf(key: PartitionKey): HousedPartition;
  /** Where the catalog held its rows before. */
  heldOf(key: PartitionKey): Pick<HousedPartition, "home" | "part"> | undefined;
  /** No row has a number from here on. */
  nextRow: number;
  /** Begins to index the rows of these inserts. */
  index?: (inserts: readonly Insert[]) => Promise<Indexing>;
}

/** Loads the rows in one transaction, all or nothing; with a step, so many at a time. */
export async function loadRows(target: LoadTarget, loads: readonly Load[], stepRows?: number): Promise<void> {
  const { database, partitionOf, heldOf } = target;
  const whole = loads.filter((load) => load.rowStart === 0).map(({ state }) => state.key);
  const replaced = whole.flatMap((key) => [heldOf(key) ?? [], partitionOf(key)].flat());
  const inserts = planInserts(loads, partitionOf, target.nextRow);
  const ranges = rangesOf(inserts);
  const end = ranges.reduce((next, { row_end }) => Math.max(next, row_end), target.nextRow);
  const indexing = await target.index?.(inserts);
  await database.run("BEGIN");
  try {
    await deleteRows(database, replaced);
    const homes = new Map(loads.map(({ state }) => partitionOf(state.key)).map((one) => [one.home, one]));
    for (const partition of homes.values()) await createHome(database, partition);
    const steps = stepRows === undefined ? inserts : inserts.flatMap((insert) => inSteps(insert, stepRows));
    for (const step of steps) await database.run(insertStatement(step));
    await insertRanges(database, "row_ranges", ranges);
    await database.run("COMMIT");
  } catch (error) {
    await database.run("ROLLBACK").catch(() => {}); // a failed COMMIT has rolled back already
    await indexing?.stop();
    if (indexing) target.nextRow = end; // the index may know rows of these numbers
    throw error;
  }
  target.nextRow = end;
  await indexing?.finish();
}

const shapeOf = ({ name, type }: Column): Column => ({ name, type });

/**
 * Reads every value of a partition's files; `corrupt` naming the first that cannot be read, or that has other columns
 * than `_metadata.json` says; undefined when all is as it says.
 */
export async function findDamage(
  database: Database,
  files: readonly StoredFile[],
): Promise<AppError | undefined> {
  for (const { path, columns } of files) {
    try {
      await database.rows(`SELECT max(hash(source)) AS h FROM ${readFiles([path])} AS source`);
      const measured = await measureColumns(database, path);
      if (!Bun.deepEquals(measured.map(shapeOf), columns.map(shapeOf))) {
        return new AppError(
          "corrupt",
          `${path} has other columns than its _metadata.json says; remove that file and run \`datalake catalog rebuild\``,
          { details: { path } },
        );
      }
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message.split("\n")[0] : String(cause);
      return new AppError(
        "corrupt",
        `${path} cannot be read (${reason}); restore it, or replace its partition`,
        {
          details: { path },
          cause,
        },
      );
    }
  }
  return undefined;
}
