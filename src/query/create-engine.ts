import type { Settings } from "../config.ts";
import type { Lake } from "../lake/lake.ts";
import type { EngineName } from "../schema/engines.ts";
import type { QueryEngine } from "./engine.ts";

export interface EngineTools {
  /** Used by DuckDB only. */
  openLake: () => Promise<Lake>;
  sharedThreads?: number | undefined;
}

/** Opens each engine of schema/engines.ts, loading its code lazily. */
const OPENERS: Record<EngineName, (settings: Settings, tools: EngineTools) => Promise<QueryEngine>> = {
  duckdb: async ({ database, scratchFolder, cacheFolder }, { openLake, sharedThreads }) => {
    const { DuckDBClient } = await import("./duckdb/client.ts");
    const lake = await openLake();
    const labelFacts = async () =>
      (await import("./duckdb/label-files.ts")).openLabelFacts(lake, cacheFolder);
    const shared = sharedThreads !== undefined && { sharedThreads };
    const path = lake.layout.catalogFile;
    return new DuckDBClient({ path, scratch: scratchFolder, ...database, ...shared, labelFacts });
  },
  athena: async (settings) => {
    const { AthenaClient } = await import("./athena/client.ts");
    const { athenaOptions } = await import("./athena/options.ts");
    return new AthenaClient(athenaOptions(settings));
  },
  trino: async (settings) => {
    const { TrinoClient } = await import("./trino/client.ts");
    const { trinoOptions } = await import("./trino/options.ts");
    return new TrinoClient(await trinoOptions(settings));
  },
};

/** Begins to start DuckDB for a command that will ask a lake in a folder, and reads its settings and files meanwhile. */
export async function beginEngine(name: EngineName, settings: Settings): Promise<void> {
  const { database, scratchFolder, location } = settings;
  if (name !== "duckdb" || location?.kind !== "folder") return;
  const { beginReader } = await import("./duckdb/catalog-reader.ts");
  beginReader({ scratch: scratchFolder, ...database });
}

/** Creates an engine from the settings, without contacting it. Throws `invalid_config` naming the setting. */
export function createEngine(
  name: EngineName,
  openLake: EngineTools["openLake"],
  settings: Settings,
  more: Omit<EngineTools, "openLake"> = {},
): Promise<QueryEngine> {
  return OPENERS[name](settings, { openLake, ...more });
}
