import { loadSettings } from "../../src/config.ts";
import { describeLake } from "../../src/lake/lake.ts";
import { silentLogger } from "../../src/log.ts";
import { OPERATIONS } from "../../src/operations/table.ts";
import { createApp } from "../../src/server/app.ts";
import type { ServerDeps } from "../../src/server/deps.ts";
import { createServedOperations } from "../../src/server/work/operations.ts";

/** The routes of a server without a lake: to list them, and to ask those that need none. */
export async function appWithoutLake() {
  const settings = await loadSettings({ onlyFlags: true });
  const common = { settings, lake: describeLake("/nonexistent"), logger: silentLogger };
  const deps = {
    ...common,
    operations: createServedOperations({ ...common, operations: OPERATIONS, selfCommand: [] }),
    version: "1.2.3",
    callerRole: () => "reader",
    shown: <T>(value: T) => value,
  };
  return createApp(deps as unknown as ServerDeps);
}
