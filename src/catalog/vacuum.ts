import type { Database } from "../query/database.ts";
import { quoteName } from "../query/sql.ts";

/** Deleted rows are merged away when they are more than this part of what the table holds... */
const MAX_DELETED_SHARE = 0.25;
/** ...and the small row groups that refreshes add, after so many of them. */
const MAX_REFRESHES = 64;

/**
 * Keeps DuckDB from merging row groups at the next CHECKPOINT, until the function given back is called. It merges up to
 * four groups whenever that saves one, so that a refresh of one small partition would rewrite hundreds
 * of megabytes, time and again; but not while a transaction is open that is older than the last commit. So commit
 * something meanwhile, and alter no table.
 */
export async function holdRowGroups(database: Database, name: string): Promise<() => void> {
  const reader = await database.instance.connect();
  await reader.run("BEGIN");
  await reader.run(`SELECT generation FROM ${quoteName(name)}.lake`); // the transaction begins where it first reads
  return () => reader.closeSync();
}

/** Whether merging row groups is worth it, by the rows that the tables of rows of `name` hold and those that live. */
export async function isVacuumDue(
  database: Database,
  name: string,
  liveRows: number,
  refreshesSince: number,
): Promise<boolean> {
  const [table] = await database.rows<{ rows: number }>(
    "SELECT sum(estimated_size)::BIGINT AS rows FROM duckdb_tables() WHERE database_name = $1 AND starts_with(table_name, 'rows_')",
    [name],
  );
  const heldRows = table?.rows ?? 0; // deleted ones are among them
  return heldRows - liveRows > heldRows * MAX_DELETED_SHARE || refreshesSince >= MAX_REFRESHES;
}
