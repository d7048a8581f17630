import * as v from "valibot";
import { prepareContents } from "../assets/prepare.ts";
import { type PreparedContent, PrepareRequestSchema } from "../schema/work.ts";

/** What a worker thread does with one message. */
export async function handleWorkerMessage(message: unknown): Promise<PreparedContent[]> {
  return prepareContents(v.parse(PrepareRequestSchema, message));
}
