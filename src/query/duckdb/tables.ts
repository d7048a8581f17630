import { AppError } from "../../errors.ts";
import type { Column } from "../../schema/columns.ts";
import type { Database } from "../database.ts";
import { INDEX_TABLES } from "../search-index/tables.ts";
import { quoteName, quoteText } from "../sql.ts";
import { RECENT_OF } from "./catalog-file.ts";

/** The tables and views of the catalog that are for people, sorted; those that hold rows and the search index are not. */
export async function listTables(database: Database): Promise<string[]> {
  const found = await database.rows<{ name: string }>(
    `SELECT table_name AS name FROM duckdb_tables() WHERE ${OF_LAKE}
     UNION ALL SELECT view_name FROM duckdb_views() WHERE ${OF_LAKE}
     ORDER BY name`,
  );
  const isOwn = (name: string) =>
    name in INDEX_TABLES || name === "row_ranges" || name === RECENT_OF || HOME.test(name);
  return found.map(({ name }) => name).filter((name) => !isOwn(name));
}

const OF_LAKE =
  "database_name = current_database() AND schema_name = 'main' AND NOT internal AND NOT temporary";
const HOME = /^rows_\d+$/;

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

/** As `describeTable`, of a table that is there. `duckdb_columns()` would take 35 ms of a first query. */
export function readTable(database: Database, table: string): Promise<Column[]> {
  const name = quoteText(`main.${quoteName(table)}`);
  return database.rows<Column>(`SELECT name, type FROM pragma_table_info(${name}) ORDER BY cid`);
}
