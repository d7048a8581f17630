import { prepareContents } from "../assets/prepare.ts";
import { type GateMemory, openGate } from "../images/gate.ts";
import { parseValue } from "../schema/check.ts";
import { type PreparedContent, PrepareRequestSchema } from "../schema/work.ts";

/** A worker's place at the gate of its pool. */
export interface GatePlace {
  memory: GateMemory;
  thread: number;
}

/** Handles one message in a worker thread; `place` is the thread's own. */
export async function handleWorkerMessage(
  message: unknown,
  place: GatePlace,
  signal?: AbortSignal,
): Promise<PreparedContent[]> {
  const request = parseValue(PrepareRequestSchema, message);
  return prepareContents(request, openGate(place.memory, place.thread), signal);
}
