import type { QueryEngine } from "../query/engine.ts";
import type { EngineName } from "../schema/query.ts";
import type { Effects } from "./command.ts";
import { remoteUrl } from "./remote.ts";

/** The engine of that name: of the lake folder or the settings, else of the server. Nothing is asked of it yet. */
export async function openEngine(name: EngineName, effects: Effects): Promise<QueryEngine> {
  const { settings } = effects;
  const url = remoteUrl(effects);
  if (url !== undefined) {
    const { connectEngine } = await import("../client/remote-engine.ts");
    return connectEngine({ url, token: settings.token, name });
  }
  const { createEngine } = await import("../query/create-engine.ts");
  return createEngine(name, effects.openLake, settings);
}
