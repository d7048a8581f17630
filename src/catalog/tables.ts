import type { Database } from "../query/database.ts";
import type { Cells } from "../query/duckdb/homes.ts";
import { markOpen } from "../query/duckdb/open-columns.ts";
import { RANGE_COLUMNS } from "../query/search-index/ranges.ts";
import { quoteList, quoteName, quoteText } from "../query/sql.ts";
import type { Column, ColumnStats } from "../schema/columns.ts";
import { loggedTime } from "../schema/metadata.ts";
import { PARTITION_COLUMNS, type PartitionKey } from "../schema/partition.ts";
import type { PartitionState } from "./partition.ts";

/** Storage version of the file: opens in every DuckDB from 1.4 on, and makes a stale WAL an error. */
const STORAGE_VERSION = "v1.4.0";

/**
 * Bytes of a block, which is read and checked whole for one value of it: in half of the engine's own 262,144, ten scattered
 * rows take two thirds of the time. Still smaller ones cost more when they are written than they save.
 */
const BLOCK_BYTES = 131_072;

/** What ATTACH says of a file that it makes. Later it is what the file says. */
export const NEW_FILE = `STORAGE_VERSION ${quoteText(STORAGE_VERSION)}, BLOCK_SIZE ${BLOCK_BYTES}`;

/**
 * Rows of a row group. A refresh adds rows to the last one, which is then written anew, texts and all: of the engine's own
 * 122,880 rows that takes a second. No part of the file: each time that it is opened for writing says it.
 */
export const ROW_GROUP_ROWS = 30_720;

/** A row of the table `partitions`: what of a partition the catalog holds. */
export interface KnownPartition extends PartitionKey {
  rows: number;
  bytes: number;
  base_version: number;
  version: number;
  /** Names of its live files, the base first. */
  files: string[];
  columns: ColumnStats[];
  /** Names of those that are open (schema/open-types.ts); null for none. Missing in tables of earlier versions. */
  open_columns: string[] | null;
  /** Hugging Face features by column, as JSON text. */
  features: string;
  /** Of the newest upload; ISO 8601, null where its log entry names no time. */
  uploaded_by: string;
  uploaded_at: string | null;
  /** Of the newest upload that names one; null for none. Missing in tables of earlier versions. */
  license: string | null;
  /** The uploads that made its rows, oldest first. */
  uploads: string[];
  /** mtime of the partition's folder in ns when it was read, `?` behind it when it may have changed in the same tick. */
  folder_mtime: string;
  /** Number of the partition, which its rows have as `@part`; it stays when the partition changes. */
  part: number;
  /** Its rows are in the table `rows_<home>`; in `rows_0` are those of many partitions with columns of their own. */
  home: number;
  /** In `rows_0`: the columns whose values are in its lists. */
  cells: Cells;
}

/** The table `lake`. */
export interface CatalogHead {
  format: number;
  generation: number;
  /** ISO 8601, UTC. */
  built_at: string;
  /** The generation whose row groups were last merged, or made by a full build. */
  merged_generation: number;
  /** Of the attempt that built the file: tells it from one that another host built. */
  attempt: string | null;
  /** No row has had a number from here on, not even one that is gone: the search index may still tell of that one. */
  next_row: number;
  /** Columns of rows that the view `catalog` does not show; the views of datasets do. */
  columns_left_out: string[];
}

const PARTITION_FIELDS = {
  provider: "VARCHAR",
  dataset: "VARCHAR",
  task: "VARCHAR",
  variant: "VARCHAR",
  rows: "BIGINT",
  bytes: "BIGINT",
  base_version: "BIGINT",
  version: "BIGINT",
  files: "VARCHAR[]",
  columns: "STRUCT(name VARCHAR, type VARCHAR, nulls BIGINT, nfc BOOLEAN)[]",
  open_columns: "VARCHAR[]",
  features: "VARCHAR",
  uploaded_by: "VARCHAR",
  uploaded_at: "TIMESTAMP",
  license: "VARCHAR",
  uploads: "VARCHAR[]",
  folder_mtime: "VARCHAR",
  part: "INTEGER",
  home: "INTEGER",
  cells: "STRUCT(integers VARCHAR[], numbers VARCHAR[], texts VARCHAR[])",
} as const satisfies Record<keyof KnownPartition, string>;

const columnList = (columns: readonly Column[]) =>
  columns.map(({ name, type }) => `${quoteName(name)} ${type}`).join(", ");

/**
 * Makes the tables that every catalog has; those of rows come with their first partition. Tables of an earlier version get
 * the columns that came since.
 */
export async function createTables(database: Database, { isNew = true } = {}): Promise<void> {
  if (!isNew) {
    for (const name of ["license", "open_columns"] as const) {
      await database.run(`ALTER TABLE partitions ADD COLUMN IF NOT EXISTS ${name} ${PARTITION_FIELDS[name]}`);
    }
    return;
  }
  const fields = Object.entries(PARTITION_FIELDS).map(([name, type]) => ({ name, type }));
  await database.run(`CREATE TABLE partitions (${columnList(fields)})`);
  await database.run(`CREATE TABLE row_ranges (${RANGE_COLUMNS})`);
  await database.run(
    "CREATE TABLE lake (format INTEGER, generation BIGINT, built_at TIMESTAMP, merged_generation BIGINT, attempt VARCHAR, next_row BIGINT, columns_left_out VARCHAR[])",
  );
}

/** The row of `partitions` for a partition as it was read, but for where its rows are. */
export function describeKnown(state: PartitionState, folderMtime: string): KnownPartition {
  const newest = state.uploads.at(-1);
  const open = state.columns.flatMap((column) => (column.open ? column.name : []));
  return {
    ...state.key,
    rows: state.rows,
    bytes: state.bytes,
    base_version: state.baseVersion,
    version: state.version,
    files: state.files.map((file) => file.name),
    columns: state.columns,
    open_columns: open.length > 0 ? open : null,
    features: JSON.stringify(state.features),
    uploaded_by: plainText(newest?.uploaded_by ?? ""),
    uploaded_at: loggedTime(newest),
    license: plainText(state.uploads.findLast(({ license }) => license)?.license ?? "") || null,
    uploads: state.uploads.map((entry) => plainText(entry.upload_id)),
    folder_mtime: folderMtime,
    part: -1,
    home: -1,
    cells: { integers: [], numbers: [], texts: [] },
  };
}

/** Text as JSON hands it to the database: a file may hold what is no text. */
function plainText(text: string): string {
  return text.toWellFormed().replaceAll("\0", "\uFFFD");
}

/** Rows of `partitions` go in as JSON: a few hundred at once, whatever they hold. */
const INSERT_SIZE = 256;

export async function insertKnown(database: Database, partitions: readonly KnownPartition[]): Promise<void> {
  const shape = JSON.stringify([jsonShape(PARTITION_FIELDS)]);
  for (let at = 0; at < partitions.length; at += INSERT_SIZE) {
    const text = JSON.stringify(partitions.slice(at, at + INSERT_SIZE));
    await database.run(
      `INSERT INTO partitions BY NAME SELECT p.* REPLACE (CAST(p.uploaded_at AS TIMESTAMP) AS uploaded_at)
       FROM (SELECT unnest(from_json($1, ${quoteText(shape)})) AS p)`,
      [text],
    );
  }
}

function jsonShape(fields: typeof PARTITION_FIELDS): Record<string, unknown> {
  const columns = [{ name: "VARCHAR", type: "VARCHAR", nulls: "BIGINT", nfc: "BOOLEAN" }];
  const texts = ["VARCHAR"];
  const cells = { integers: texts, numbers: texts, texts };
  const lists = { files: texts, uploads: texts, open_columns: texts };
  return { ...fields, ...lists, cells, columns, uploaded_at: "VARCHAR" };
}

export async function deleteKnown(database: Database, keys: readonly PartitionKey[]): Promise<void> {
  if (keys.length > 0) await database.run(`DELETE FROM partitions WHERE ${matchPartitions(keys)}`);
}

/** Columns of the view `catalog` in the attached database `schema`. */
export async function readColumns(database: Database, schema: string): Promise<Column[]> {
  const view = quoteText(`${quoteName(schema)}.main.catalog`);
  return database.rows<Column>(`SELECT name, type FROM pragma_table_info(${view}) ORDER BY cid`);
}

/** Rows of the table `partitions` in the attached database `schema`, sorted by key. */
export async function readKnown(database: Database, schema: string): Promise<KnownPartition[]> {
  const known = await database.rows<KnownPartition>(
    `SELECT * REPLACE (strftime(uploaded_at, '%Y-%m-%dT%H:%M:%S.%gZ') AS uploaded_at)
     FROM ${quoteName(schema)}.partitions ORDER BY provider, dataset, task, variant`,
  );
  for (const row of known) row.columns = markOpen(row.columns, row.open_columns);
  return known;
}

export async function readHead(database: Database, schema: string): Promise<CatalogHead | undefined> {
  const [head] = await database.rows<CatalogHead>(
    `SELECT * REPLACE (strftime(built_at, '%Y-%m-%dT%H:%M:%S.%gZ') AS built_at) FROM ${quoteName(schema)}.lake`,
  );
  return head;
}

export async function writeHead(database: Database, head: CatalogHead): Promise<void> {
  await database.run("DELETE FROM lake");
  const leftOut = `CAST(${quoteList(head.columns_left_out)} AS VARCHAR[])`;
  await database.run(`INSERT INTO lake VALUES ($1, $2, CAST($3 AS TIMESTAMP), $4, $5, $6, ${leftOut})`, [
    head.format,
    BigInt(head.generation),
    head.built_at,
    BigInt(head.merged_generation),
    head.attempt,
    BigInt(head.next_row),
  ]);
}

/** A condition that holds for the rows of these partitions. */
export function matchPartitions(keys: readonly PartitionKey[]): string {
  const one = (key: PartitionKey) =>
    PARTITION_COLUMNS.map((column) => `${column} = ${quoteText(key[column])}`).join(" AND ");
  return keys.map((key) => `(${one(key)})`).join(" OR ");
}
