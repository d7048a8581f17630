import { AppError } from "../../errors.ts";
import type { Column } from "../../schema/columns.ts";
import type { Database } from "../database.ts";
import { INDEX_TABLES } from "../search-index/tables.ts";

/** The tables of the catalog that are for people, sorted; those of the search index are not among them. */
export async function listTables(database: Database): Promise<string[]> {
  const found = await database.rows<{ name: string }>(
    "SELECT table_name AS name FROM duckdb_tables() WHERE schema_name = 'main' AND NOT internal AND NOT temporary ORDER BY name",
  );
  return found.map(({ name }) => name).filter((name) => !(name in INDEX_TABLES));
}

/** The columns of a table in order, with their DuckDB types. Throws `not_found`. */
export async function describeTable(database: Database, table: string): Promise<Column[]> {
  const names = await listTables(database);
  if (names.includes(table)) return readTable(database, table);
  throw new AppError(
    "not_found",
    `there is no table ${JSON.stringify(table)}; there are ${names.join(", ")}`,
    {
      details: { table, tables: names },
    },
  );
}

/** As `describeTable`, of a table that is there. */
export function readTable(database: Database, table: string): Promise<Column[]> {
  return database.rows<Column>(
    "SELECT column_name AS name, data_type AS type FROM duckdb_columns() WHERE schema_name = 'main' AND table_name = $1 ORDER BY column_index",
    [table],
  );
}
