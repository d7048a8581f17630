import type { Database } from "../query/database.ts";
import { RECENT_OF } from "../query/duckdb/catalog-file.ts";
import { quoteName } from "../query/sql.ts";

/** The publication of the large file to which a small one belongs. */
export interface RecentOf {
  attempt: string;
  /** When the first small file was made for it; ISO 8601, UTC. */
  since: string;
  /** Rows of the large file. */
  rows: number;
}

/** Of the attached catalog `name`; undefined for a large file alone. */
export async function readRecentOf(database: Database, name: string): Promise<RecentOf | undefined> {
  const found = await database.rows(
    "SELECT 1 FROM duckdb_tables() WHERE database_name = $1 AND table_name = $2",
    [name, RECENT_OF],
  );
  if (found.length === 0) return undefined;
  const [of] = await database.rows<RecentOf>(`SELECT * FROM ${quoteName(name)}.${RECENT_OF}`);
  return of;
}
