import { prepareContents } from "../assets/prepare.ts";
import { type GateMemory, openGate } from "../images/gate.ts";
import { parseValue } from "../schema/check.ts";
import { type PreparedContent, PrepareRequestSchema } from "../schema/work.ts";

/** A place at the gate that the workers of a pool share. */
export interface GatePlace {
  memory: GateMemory;
  thread: number;
}

/** What a worker thread does with one message; `place` is its own at the gate of its pool. */
export async function handleWorkerMessage(message: unknown, place: GatePlace): Promise<PreparedContent[]> {
  return prepareContents(parseValue(PrepareRequestSchema, message), openGate(place.memory, place.thread));
}
