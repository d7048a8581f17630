import * as v from "valibot";
import { refreshCatalog } from "../catalog/refresh.ts";
import type { Settings } from "../config.ts";
import { RebuildResultSchema } from "../schema/catalog-answers.ts";
import { createChildLogger, LogMessageSchema } from "./child-log.ts";
import { ChildLakeSchema, type OrderTools, obeyOrder } from "./order-child.ts";

export const RebuildOrderSchema = v.object({
  lake: ChildLakeSchema,
  /** Those of the parent. */
  settings: v.record(v.string(), v.unknown()),
  full: v.boolean(),
});
export type RebuildOrder = v.InferInput<typeof RebuildOrderSchema>;

export const RebuildMessageSchema = v.variant("type", [
  v.object({ type: v.literal("step"), step: v.string() }),
  LogMessageSchema,
  v.object({ type: v.literal("done"), result: RebuildResultSchema }),
]);
export type RebuildMessage = v.InferOutput<typeof RebuildMessageSchema>;

/** The hidden command: rebuilds the catalog as told on stdin; to index a large lake keeps a process busy for long. */
export function runRebuildChild(
  input: AsyncIterable<Uint8Array>,
  write: (line: string) => void,
): Promise<number> {
  return obeyOrder(input, write, RebuildOrderSchema, rebuild);
}

async function rebuild(
  { lake, settings, full }: v.InferOutput<typeof RebuildOrderSchema>,
  { signal, say }: OrderTools<RebuildMessage>,
): Promise<RebuildMessage> {
  const result = await refreshCatalog({
    lake,
    settings: settings as unknown as Settings,
    full,
    logger: createChildLogger(say),
    signal,
    onStep: (step) => say({ type: "step", step }),
  });
  return { type: "done", result };
}
