import type { PartitionKey } from "../../schema/partition.ts";
import { PARTITION_COLUMNS } from "../../schema/partition.ts";
import type { Database } from "../database.ts";
import { quoteText } from "../sql.ts";

/** Rows of one partition that lie together in the table `catalog`, by rowid. */
export interface RowRange extends PartitionKey {
  row_start: number;
  /** Exclusive. */
  row_end: number;
}

const KEYS = PARTITION_COLUMNS.join(", ");

/** The ranges of rows in the table `catalog` from a row on, ascending. Nearly every partition is one. */
export async function findRanges(database: Database, from: number): Promise<RowRange[]> {
  const spans = await database.rows<RowRange & { rows: number }>(
    `SELECT ${KEYS}, min(rowid) AS row_start, max(rowid) + 1 AS row_end, count(*) AS rows
     FROM catalog WHERE rowid >= ${from} GROUP BY ${KEYS}`,
  );
  const ranges: RowRange[] = [];
  for (const { rows, ...span } of spans) {
    if (span.row_end - span.row_start === rows) ranges.push(span);
    else ranges.push(...(await findIslands(database, span)));
  }
  return ranges.sort((a, b) => a.row_start - b.row_start);
}

/** The ranges of a partition within a span of rows, where rows of others lie between. */
function findIslands(database: Database, span: RowRange): Promise<RowRange[]> {
  return database.rows<RowRange>(
    `SELECT ${KEYS}, min(r) AS row_start, max(r) + 1 AS row_end FROM (
       SELECT ${KEYS}, rowid AS r, rowid - row_number() OVER (ORDER BY rowid) AS island FROM catalog
       WHERE rowid >= ${span.row_start} AND rowid < ${span.row_end} AND ${matchKey(span)})
     GROUP BY ${KEYS}, island`,
  );
}

function matchKey(key: PartitionKey): string {
  return PARTITION_COLUMNS.map((column) => `${column} = ${quoteText(key[column])}`).join(" AND ");
}

/** Rows that are handed over as one JSON document. */
const INSERT_SIZE = 1000;

export async function insertRanges(database: Database, ranges: readonly RowRange[]): Promise<void> {
  const shape = JSON.stringify([
    Object.fromEntries([
      ...PARTITION_COLUMNS.map((name) => [name, "VARCHAR"]),
      ["row_start", "INTEGER"],
      ["row_end", "INTEGER"],
    ]),
  ]);
  for (let at = 0; at < ranges.length; at += INSERT_SIZE) {
    await database.run(
      `INSERT INTO index_ranges BY NAME SELECT r.* FROM (SELECT unnest(from_json($1, ${quoteText(shape)})) AS r)`,
      [JSON.stringify(ranges.slice(at, at + INSERT_SIZE))],
    );
  }
}

/** Takes from the index what it knows of partitions; the postings of their rows stay behind, and stand for nothing. */
export async function deleteRanges(database: Database, keys: readonly PartitionKey[]): Promise<void> {
  for (const key of keys) await database.run(`DELETE FROM index_ranges WHERE ${matchKey(key)}`);
}

/** Whether an attached database has an index. */
export async function hasIndex(database: Database, name: string): Promise<boolean> {
  const found = await database.rows(
    "SELECT 1 FROM duckdb_tables() WHERE table_name = 'index_ranges' AND database_name = $1",
    [name],
  );
  return found.length > 0;
}

/** The ranges that the index of the database in use knows, ascending; undefined where there is none. */
export async function readRanges(database: Database): Promise<RowRange[] | undefined> {
  const [used] = await database.rows<{ name: string }>("SELECT current_database() AS name");
  if (!(await hasIndex(database, used?.name ?? ""))) return undefined;
  return database.rows<RowRange>("SELECT * FROM index_ranges ORDER BY row_start");
}
