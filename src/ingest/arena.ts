import type { EmbeddedBatch } from "./input.ts";

/** What a batch of embedded cells holds about, and at most in rows. */
const BATCH_BYTES = 8 << 20;
export const BATCH_ROWS = 1024;

/** Gives memory for a value of some length. */
export type Room = (length: number) => Uint8Array;

/** Memory for the values of batches, reused when a batch is done with. */
export interface Arena {
  room: Room;
  reset(): void;
}

/**
 * Garbage of this size would pile up faster than it is collected, so there is one piece of memory for all batches.
 */
export function createArena(): Arena {
  const memory = new Uint8Array(BATCH_BYTES * 2);
  let end = 0;
  return {
    room: (length) => {
      if (end + length > memory.length) return new Uint8Array(length);
      end += length;
      return memory.subarray(end - length, end);
    },
    reset: () => {
      end = 0;
    },
  };
}

/** Values in batches of about 8 MB, each valid until the next is asked for: then the arena reuses its memory. */
export async function* inBatches(
  values: AsyncIterable<Uint8Array | null>,
  arena: Arena,
): AsyncGenerator<EmbeddedBatch> {
  let batch: EmbeddedBatch = [];
  let batchBytes = 0;
  for await (const value of values) {
    batch.push(value);
    batchBytes += value?.length ?? 0;
    if (batchBytes < BATCH_BYTES && batch.length < BATCH_ROWS) continue;
    yield batch;
    batch = [];
    batchBytes = 0;
    arena.reset();
  }
  if (batch.length > 0) yield batch;
  arena.reset();
}
