import { join } from "node:path";
import { type Database, openDatabase } from "../../../src/query/database.ts";
import { attachCatalog } from "../../../src/query/duckdb/catalog-file.ts";
import type { Workbench } from "../../catalog/lakes.ts";

/** The published catalog of a lake, as the engine has it open. */
export async function withCatalog(
  { lake, folder }: Workbench,
  use: (database: Database) => Promise<void>,
): Promise<void> {
  const database = await openDatabase({ scratch: join(folder, "reader"), threads: 1 });
  try {
    await attachCatalog(database, lake.layout.catalogFile, "lake");
    await database.use("lake");
    await use(database);
  } finally {
    database.close();
  }
}

/** The database with the statements that it is asked for in this way. */
export function watched(database: Database, way: "chunks" | "stream"): Database & { asked: string[] } {
  const asked: string[] = [];
  const ask = (sql: string, ...more: unknown[]) => {
    asked.push(sql);
    return (database[way] as (...given: unknown[]) => unknown)(sql, ...more);
  };
  return { ...database, [way]: ask, asked };
}
