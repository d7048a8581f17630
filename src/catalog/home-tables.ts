import type { Database } from "../query/database.ts";
import { cellText } from "../query/duckdb/cell-text.ts";
import {
  CELL_LISTS,
  CELL_NAMES,
  formsOf,
  type HousedPartition,
  homeTable,
  listColumn,
  ofParts,
  PART,
  ROW,
  SHARED_HOME,
} from "../query/duckdb/homes.ts";
import { quoteName } from "../query/sql.ts";
import { type Column, SYSTEM_COLUMNS } from "../schema/columns.ts";
import { PARTITION_COLUMNS, type PartitionKey } from "../schema/partition.ts";

/** A partition, or several of one layout, as far as its table must be known. */
export type Layout = Pick<HousedPartition, "home" | "cells" | "columns">;

/** The columns of a home's table that are of a type of their own. */
function typedColumns({ home, columns }: Layout): readonly Column[] {
  return home === SHARED_HOME ? SYSTEM_COLUMNS : columns;
}

/** Makes the table of a home where it is not there. */
export async function createHome(database: Database, layout: Layout): Promise<void> {
  const forms = formsOf(layout);
  const list = [
    `${ROW} INTEGER`,
    `${PART} INTEGER`,
    ...PARTITION_COLUMNS.map((name) => `${name} VARCHAR`),
    ...typedColumns(layout).map(({ name, type }) => `${quoteName(name)} ${forms.get(name)?.type ?? type}`),
    ...(layout.home === SHARED_HOME
      ? CELL_NAMES.map((list) => `${listColumn(list)} ${CELL_LISTS[list]}[]`)
      : []),
  ];
  await database.run(`CREATE TABLE IF NOT EXISTS ${homeTable(layout.home)} (${list.join(", ")})`);
}

/** Where the rows of an insert come from. */
export interface RowSource {
  /** SQL of the row's number and of the number of its partition. */
  row: string;
  part: string;
  key(name: keyof PartitionKey): string;
  /** SQL of a column in its own type; undefined where it is NULL. */
  value(column: Column): string | undefined;
  /** Behind FROM. */
  from: string;
}

/** SQL that inserts rows into the home of a layout. */
export function insertSql(layout: Layout, source: RowSource): string {
  const forms = formsOf(layout);
  const typed = typedColumns(layout);
  const cells = new Set(CELL_NAMES.flatMap((list) => layout.cells[list]));
  const own = new Map(layout.columns.map((column) => [column.name, column]));
  const sourceOf = (name: string) => {
    const column = own.get(name);
    return column && source.value(column);
  };
  const values = typed.map(({ name, type }) => {
    const value = cells.has(name) ? undefined : sourceOf(name);
    return `${value ?? `CAST(NULL AS ${type})`} AS ${quoteName(name)}`;
  });
  const keys = PARTITION_COLUMNS.map((name) => `${source.key(name)} AS ${name}`);
  const inner = [`${source.row} AS ${ROW}`, `${source.part} AS ${PART}`, ...keys, ...values];
  const outer = typed.map(({ name }) => {
    const form = forms.get(name);
    return form === undefined ? quoteName(name) : `${form.encode} AS ${quoteName(name)}`;
  });
  if (layout.home === SHARED_HOME) {
    for (const list of CELL_NAMES) {
      const type = CELL_LISTS[list];
      const cellValues = layout.cells[list].map((name) => {
        const value = sourceOf(name);
        if (value === undefined) return "NULL";
        const held = own.get(name)?.type;
        return held === undefined || held === type ? value : cellText(held, value);
      });
      const column = listColumn(list);
      inner.push(`CAST([${cellValues.join(", ")}] AS ${type}[]) AS ${column}`);
      outer.push(column);
    }
  }
  return `INSERT INTO ${homeTable(layout.home)} BY NAME
    SELECT ${[ROW, PART, ...PARTITION_COLUMNS, ...outer].join(", ")} FROM (SELECT ${inner.join(", ")} FROM ${source.from})`;
}

/** Parts that are named in one statement. */
const DELETE_SIZE = 1000;

/** Deletes the rows of partitions from their homes, with what is known of where they are. */
export async function deleteRows(
  database: Database,
  partitions: readonly Pick<HousedPartition, "home" | "part">[],
): Promise<void> {
  const byHome = Map.groupBy(partitions, ({ home }) => home);
  const tables = await homesIn(database);
  for (const [home, group] of byHome) {
    if (!tables.has(home)) continue;
    for (let at = 0; at < group.length; at += DELETE_SIZE) {
      const parts = ofParts(group.slice(at, at + DELETE_SIZE));
      await database.run(`DELETE FROM ${homeTable(home)} WHERE ${parts}`);
    }
  }
  const parts = partitions.map(({ part }) => part).join(", ");
  if (parts !== "") await database.run(`DELETE FROM row_ranges WHERE part IN (${parts})`);
}

/** The homes that have a table in the attached database `schema`, or in that in use. */
export function homesIn(database: Database, schema?: string): Promise<Set<number>> {
  return findHomes(database, "SELECT database_name, table_name AS name FROM duckdb_tables()", schema);
}

/** The homes that can be read there, in tables or through views of two files. */
export function homesRead(database: Database, schema?: string): Promise<Set<number>> {
  return findHomes(
    database,
    "SELECT database_name, table_name AS name FROM duckdb_tables() UNION SELECT database_name, view_name FROM duckdb_views()",
    schema,
  );
}

async function findHomes(database: Database, all: string, schema: string | undefined): Promise<Set<number>> {
  const found = await database.rows<{ name: string }>(
    `SELECT name FROM (${all}) WHERE database_name = coalesce($1, current_database()) AND regexp_full_match(name, 'rows_[0-9]+')`,
    [schema ?? null],
  );
  return new Set(found.map(({ name }) => Number(name.slice("rows_".length))));
}

/** Rows in all homes of the database in use. */
export async function countHeld(database: Database): Promise<number> {
  const counts = Array.from(await homesRead(database), (home) => `(SELECT count(*) FROM ${homeTable(home)})`);
  const [counted] = await database.rows<{ rows: number }>(`SELECT ${["0", ...counts].join(" + ")} AS rows`);
  return counted?.rows ?? 0;
}

/** Drops the tables that hold no partition any more. */
export async function dropUnused(database: Database, homes: ReadonlySet<number>): Promise<void> {
  for (const home of await homesIn(database)) {
    if (!homes.has(home)) await database.run(`DROP TABLE ${homeTable(home)}`);
  }
}

/** Tables of fewer rows are read as quickly without. */
const INDEXED_ROWS = 50_000;

/** Lets rows be found by their number in tables that are large; after a first build's rows are in, which is faster. */
export async function indexRowNumbers(
  database: Database,
  rowsOf: ReadonlyMap<number, number>,
): Promise<void> {
  for (const [home, rows] of rowsOf) {
    if (rows < INDEXED_ROWS) continue;
    const table = homeTable(home);
    await database.run(`CREATE INDEX IF NOT EXISTS ${table}_by_number ON ${table} (${ROW})`);
  }
}

/** Takes those indexes away: row groups of tables that have one are never merged. */
export async function dropRowNumbers(database: Database): Promise<void> {
  for (const home of await homesIn(database))
    await database.run(`DROP INDEX IF EXISTS ${homeTable(home)}_by_number`);
}
