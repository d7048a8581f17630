import type { Database } from "../database.ts";

/**
 * The tables of the search index, beside the table `catalog` whose rows they know by rowid.
 * - `index_terms`: the tokens of a text column, some hundred a row, each behind a line break; `first` is the number of
 *   the first. A token may be there several times, by several numbers.
 * - `index_postings`: in which rows the terms of a block stand (blocks.ts), one row for each run of rows.
 * - `index_ranges`: the ranges of rows that the index knows, each of one partition; other rows are read at each search.
 */
export const INDEX_TABLES = {
  index_terms: `first INTEGER, "column" VARCHAR, tokens VARCHAR`,
  index_postings: `block INTEGER, postings BLOB`,
  index_ranges: `provider VARCHAR, dataset VARCHAR, task VARCHAR, variant VARCHAR, row_start INTEGER, row_end INTEGER`,
} as const;

export async function createIndexTables(database: Database): Promise<void> {
  for (const [name, columns] of Object.entries(INDEX_TABLES)) {
    await database.run(`CREATE TABLE IF NOT EXISTS ${name} (${columns})`);
  }
}

export async function dropIndexTables(database: Database): Promise<void> {
  for (const name of Object.keys(INDEX_TABLES)) await database.run(`DROP TABLE IF EXISTS ${name}`);
}
