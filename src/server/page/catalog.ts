import { AppError } from "../../errors.ts";
import { DuckDBClient } from "../../query/duckdb/client.ts";
import type { Engines } from "../work/engines.ts";

/** The catalog itself, of which the page reads rows by their place. */
export async function openCatalog(engines: Pick<Engines, "open">): Promise<DuckDBClient> {
  const engine = await engines.open("duckdb");
  if (engine instanceof DuckDBClient) return engine;
  throw new AppError("internal", "the catalog is not of DuckDB");
}
