import { createStreamEncoder } from "../arrow/ipc.ts";
import type { EncodedResult } from "./encoder.ts";

/** Arrow IPC stream format: the schema, then each batch. */
export async function* encodeArrow({ schema, batches }: EncodedResult): AsyncGenerator<Uint8Array> {
  const encoder = createStreamEncoder(schema);
  yield* encoder.begin();
  for await (const batch of batches) yield* encoder.encode(batch);
  yield* encoder.end();
}
