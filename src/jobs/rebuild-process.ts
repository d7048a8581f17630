import type { Settings } from "../config.ts";
import { type Lake, tellLake } from "../lake/lake.ts";
import type { Logger } from "../log.ts";
import type { RebuildAnswer } from "../schema/catalog-answers.ts";
import { giveOrder } from "./order-process.ts";
import { RebuildMessageSchema, type RebuildOrder } from "./rebuild-child.ts";

/** The hidden command with which this program rebuilds a catalog. */
export const REBUILD_COMMAND = "__rebuild";

export interface RebuildRun {
  lake: Lake;
  settings: Settings;
  /** The program and its leading arguments, without a command. */
  selfCommand: string[];
  logger: Logger;
  full: boolean;
  signal: AbortSignal;
  onStep(step: string): void;
}

/** Rebuilds the catalog in a child process. Throws what `refreshCatalog` does, `worker_crashed` when it died. */
export async function runRebuild(options: RebuildRun): Promise<RebuildAnswer> {
  const { lake, selfCommand, logger, full, signal, onStep } = options;
  const { token: _secret, ...settings } = options.settings;
  const order: RebuildOrder = { lake: tellLake(lake), settings, full };
  const { result } = await giveOrder({
    selfCommand,
    command: REBUILD_COMMAND,
    order,
    schema: RebuildMessageSchema,
    deed: "rebuilt the catalog",
    inBackground: true,
    signal,
    onMessage: (message) => {
      if (message.type === "step") onStep(message.step);
      else if (message.type === "log") logger[message.level](message.message, message.fields);
    },
  });
  return result;
}
