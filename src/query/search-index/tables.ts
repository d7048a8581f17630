import type { Database } from "../database.ts";
import { RANGE_COLUMNS } from "./ranges.ts";

/**
 * The tables of the search index, which know the catalog's rows by their numbers.
 * - `index_terms`: the tokens of a text column, some kilobytes a row, each behind a line break, as
 *   they are (to decompress texts or postings would take longer than to use them); `first` is the number of
 *   the first. A vocabulary begins with a row without tokens, whose `first` is the number of its marks (blocks.ts). A
 *   token may stand in several vocabularies, by another number in each.
 * - `index_postings`: in which rows the terms stand (blocks.ts).
 * - `index_counters`: texts of rows that follow each other which no term stands for (counters.ts).
 * - `index_ranges`: the ranges of rows that the index knows, each of one partition; other rows are read at each search.
 */
export const INDEX_TABLES = {
  index_terms: `first INTEGER, "column" VARCHAR, tokens VARCHAR USING COMPRESSION uncompressed`,
  index_postings: `"key" INTEGER, postings BLOB USING COMPRESSION uncompressed`,
  index_counters: `"column" VARCHAR, "row" INTEGER, "count" INTEGER, "before" VARCHAR, number BIGINT, width INTEGER, "after" VARCHAR`,
  index_ranges: RANGE_COLUMNS,
} as const;

export async function createIndexTables(database: Database): Promise<void> {
  for (const [name, columns] of Object.entries(INDEX_TABLES)) {
    await database.run(`CREATE TABLE IF NOT EXISTS ${name} (${columns})`);
  }
}

/** Lets the postings of a term be found without reading others: after the rows of a first build are in, which is faster. */
export async function indexPostings(database: Database): Promise<void> {
  await database.run('CREATE INDEX IF NOT EXISTS index_postings_by_key ON index_postings ("key")');
}

export async function dropIndexTables(database: Database): Promise<void> {
  for (const name of Object.keys(INDEX_TABLES)) await database.run(`DROP TABLE IF EXISTS ${name}`);
}

/**
 * Whether an attached database has an index with all of its tables, or views of them as the small file of recent rows has:
 * one of an earlier version lacks some, and is built anew.
 */
export async function hasIndex(database: Database, name: string): Promise<boolean> {
  const wanted = Object.keys(INDEX_TABLES);
  const found = await database.rows<{ name: string }>(
    `SELECT table_name AS name FROM duckdb_tables() WHERE database_name = $1
     UNION ALL SELECT view_name FROM duckdb_views() WHERE database_name = $1`,
    [name],
  );
  const there = new Set(found.map((table) => table.name));
  return wanted.every((table) => there.has(table));
}
