import { prepareContents } from "../assets/prepare.ts";
import { parseValue } from "../schema/check.ts";
import { type PreparedContent, PrepareRequestSchema } from "../schema/work.ts";

/** What a worker thread does with one message. */
export async function handleWorkerMessage(message: unknown): Promise<PreparedContent[]> {
  return prepareContents(parseValue(PrepareRequestSchema, message));
}
