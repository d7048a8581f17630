import { AppError } from "../errors.ts";
import type { Database } from "../query/database.ts";
import { quoteList, quoteName, quoteText } from "../query/sql.ts";
import type { Column } from "../schema/columns.ts";
import { PARTITION_COLUMNS, type PartitionKey } from "../schema/partition.ts";
import { measureColumns } from "./footer.ts";
import type { StoredFile } from "./partition.ts";
import { FILE_INDEX, type Load, pickKey, ROW_NUMBER } from "./plan.ts";
import { describeShape, readFiles, selectColumn } from "./rows.ts";
import { matchPartitions } from "./tables.ts";

/** Files of the same shape that one statement inserts, each with the partition that it belongs to. */
export interface Insert {
  files: { file: StoredFile; key: PartitionKey }[];
  /** First row taken of its only file; 0 when all rows of all files are. */
  rowStart: number;
}

/**
 * The inserts that load these rows, each partition's files in their order: the n-th shape of every partition is taken
 * before any n+1-th. Thousands of files of one shape make one insert.
 */
export function planInserts(loads: readonly Load[]): Insert[] {
  const waves: Map<string, Insert>[] = [];
  for (const { state, rowStart } of loads) {
    let fileStart = 0;
    let wave = -1;
    let lastShape: string | undefined;
    for (const file of state.files) {
      const start = Math.max(0, rowStart - fileStart);
      fileStart += file.rows;
      if (start >= file.rows) continue;
      const alone = start > 0 || file.columns.some((column) => column.name === FILE_INDEX);
      const shape = alone ? file.path : describeShape(file);
      if (shape !== lastShape) wave++;
      lastShape = shape;
      const inserts = waves[wave] ?? new Map<string, Insert>();
      waves[wave] = inserts;
      const insert = inserts.get(shape) ?? { files: [], rowStart: start };
      insert.files.push({ file, key: state.key });
      inserts.set(shape, insert);
    }
  }
  return waves.flatMap((inserts) => Array.from(inserts.values()));
}

/** The SQL of one insert into a table `catalog` with these columns. */
export function insertSql({ files, rowStart }: Insert, columns: readonly Column[]): string {
  const first = files[0]?.file;
  const names = PARTITION_COLUMNS.map((column) => `${nameOf(files, column)} AS ${column}`);
  const values = columns
    .map((column) => selectColumn(column, first))
    .filter((column) => column !== undefined);
  const where = rowStart > 0 ? ` WHERE ${quoteName(ROW_NUMBER)} >= ${rowStart}` : "";
  const source = readFiles(files.map(({ file }) => file.path));
  return `INSERT INTO catalog BY NAME SELECT ${[...names, ...values].join(", ")} FROM ${source}${where}`;
}

/** The partition's name as a literal, or by the position of the row's file in the list. */
function nameOf(files: Insert["files"], column: keyof PartitionKey): string {
  const names = files.map(({ key }) => key[column]);
  const first = names[0] ?? "";
  if (names.every((name) => name === first)) return quoteText(first);
  return `${quoteList(names)}[CAST(${quoteName(FILE_INDEX)} AS BIGINT) + 1]`;
}

/** Loads the rows in one transaction: all or nothing. */
export async function loadRows(
  database: Database,
  loads: readonly Load[],
  columns: readonly Column[],
): Promise<void> {
  const replaced = loads.filter((load) => load.rowStart === 0).map((load) => pickKey(load.state.key));
  await database.run("BEGIN");
  try {
    await deleteRows(database, replaced);
    for (const insert of planInserts(loads)) await database.run(insertSql(insert, columns));
    await database.run("COMMIT");
  } catch (error) {
    await database.run("ROLLBACK").catch(() => {}); // a failed COMMIT has rolled back already
    throw error;
  }
}

const DELETE_SIZE = 200;

/** Deletes the rows of partitions from the table `catalog`; scans their four names only. */
export async function deleteRows(database: Database, keys: readonly PartitionKey[]): Promise<void> {
  const [found] = await database.rows("SELECT 1 FROM catalog LIMIT 1");
  if (!found) return;
  for (let at = 0; at < keys.length; at += DELETE_SIZE) {
    await database.run(`DELETE FROM catalog WHERE ${matchPartitions(keys.slice(at, at + DELETE_SIZE))}`);
  }
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
          `${path} has other columns than the _metadata.json beside it says; remove that file and run \`datalake catalog rebuild\``,
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
