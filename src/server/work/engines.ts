import type { Settings } from "../../config.ts";
import type { Lake } from "../../lake/lake.ts";
import { createEngine } from "../../query/create-engine.ts";
import { identifyCatalog } from "../../query/duckdb/catalog-file.ts";
import type { QueryEngine } from "../../query/engine.ts";
import type { EngineName } from "../../schema/engines.ts";

/** The engines of a server: each is made when it is first asked for, and stays. */
export interface Engines {
  /** Throws `invalid_config` for one that the settings do not describe. */
  open(name: EngineName): Promise<QueryEngine>;
  /** Version of an engine's data, where it is known. Throws `not_found` without a catalog. */
  version(name: EngineName): Promise<string>;
  close(): void;
}

export function createEngines({ lake, settings }: { lake: Lake; settings: Settings }): Engines {
  // Each query on a thread of its own: the more come at once, the less they would gain from several. Without the
  // index
  // every search reads all texts, which one thread would take too long for.
  const sharedThreads = settings.catalog.index === "on" ? 1 : undefined;
  const opened = new Map<EngineName, Promise<QueryEngine>>();
  return {
    open: (name) => {
      const known = opened.get(name);
      if (known) return known;
      const engine = createEngine(name, async () => lake, settings, { sharedThreads });
      opened.set(name, engine);
      engine.catch(() => opened.delete(name));
      return engine;
    },
    version: async (name) =>
      name === "duckdb" ? `${name} ${await identifyCatalog(lake.layout.catalogFile)}` : name,
    close: () => {
      for (const engine of opened.values()) {
        engine.then(
          (open) => open.close(),
          () => {},
        );
      }
      opened.clear();
    },
  };
}
