import { readFile } from "node:fs/promises";
import type { Settings } from "../config.ts";
import { parseSize } from "../config.ts";
import { AppError } from "../errors.ts";
import type { Lake } from "../lake/lake.ts";
import type { EngineName } from "../schema/query.ts";
import type { AthenaOptions } from "./athena/runner.ts";
import type { QueryEngine } from "./engine.ts";
import type { TrinoOptions } from "./trino/runner.ts";

/**
 * The engine of that name as the settings describe it; nothing is asked of it yet. Only DuckDB opens the lake, of which
 * small results of several callers at once may share fewer threads (`sharedThreads`). Throws `invalid_config` naming the
 * setting that is missing.
 */
export async function createEngine(
  name: EngineName,
  openLake: () => Promise<Lake>,
  settings: Settings,
  { sharedThreads }: { sharedThreads?: number | undefined } = {},
): Promise<QueryEngine> {
  if (name === "trino") return createTrino(settings);
  if (name === "athena") return createAthena(settings);
  const { DuckDBClient } = await import("./duckdb/client.ts");
  const { memory, threads } = settings.database;
  const { layout } = await openLake();
  const path = layout.catalogFile;
  const scratch = settings.scratchFolder;
  return new DuckDBClient({
    path,
    scratch,
    memory,
    threads,
    ...(sharedThreads !== undefined && { sharedThreads }),
  });
}

async function createAthena(settings: Settings): Promise<QueryEngine> {
  const { AthenaClient } = await import("./athena/client.ts");
  return new AthenaClient(athenaOptions(settings));
}

/** Athena as the settings describe it. */
export function athenaOptions(settings: Settings): AthenaOptions {
  const { database, table, workgroup, region, endpoint, output, ...limits } = settings.athena;
  const { s3, scratchFolder } = settings;
  return {
    database,
    table,
    workgroup,
    region: region ?? s3.region,
    endpoint,
    output,
    s3,
    scratch: scratchFolder,
    limits: {
      maxScanBytes: parseSize(limits.max_scan),
      pricePerTb: limits.price_per_tb,
      reuseMinutes: limits.reuse_minutes,
    },
  };
}

async function createTrino(settings: Settings): Promise<QueryEngine> {
  const { TrinoClient } = await import("./trino/client.ts");
  return new TrinoClient(await trinoOptions(settings));
}

/** Trino as the settings describe it, with its secrets. Throws `invalid_config` without trino.url. */
export async function trinoOptions(settings: Settings): Promise<TrinoOptions> {
  const { url, catalog, schema, table, user, password_file, token_file } = settings.trino;
  if (url === undefined) {
    throw new AppError("invalid_config", "no Trino is given; set trino.url to its address", {
      details: { key: "trino.url" },
    });
  }
  const password = settings.trinoPassword ?? (await readSecret("trino.password_file", password_file));
  const token = settings.trinoToken ?? (await readSecret("trino.token_file", token_file));
  return { url, catalog, schema, table, user, password, token };
}

/** The first line of a file that a setting names. */
async function readSecret(setting: string, path: string | undefined): Promise<string | undefined> {
  if (path === undefined) return undefined;
  const text = await readFile(path, "utf8").catch((cause: unknown) => {
    throw new AppError("invalid_config", `cannot read ${path}, which ${setting} names`, {
      details: { key: setting },
      cause,
    });
  });
  const [line = ""] = text.split(/\r?\n/);
  if (line.trim() !== "") return line.trim();
  throw new AppError("invalid_config", `${path}, which ${setting} names, has an empty first line`, {
    details: { key: setting },
  });
}
