import { gatherBytes, gatherValidity, type VectorMemory } from "../arrow/vector-memory.ts";
import type { Database } from "../database.ts";

/** Rows of a result. */
export interface ByteChunk {
  rowCount: number;
  /** The INTEGER columns before the last. */
  numbers: Int32Array[];
  /** Of the last column, in UTF-8: value `i` is `bytes[offsets[i]..offsets[i + 1])`. */
  bytes: Uint8Array;
  offsets: Int32Array;
}

/** Reads a query's `numberCount` INTEGER columns and the VARCHAR or BLOB behind them, without a string for each value. */
export async function* readByteChunks(
  database: Database,
  sql: string,
  numberCount: number,
): AsyncGenerator<ByteChunk> {
  const result = await database.stream(sql);
  let next = result.fetchChunk();
  for (;;) {
    const chunk = await next;
    if (chunk === null || chunk.rowCount === 0) return;
    const { rowCount } = chunk; // asks the engine each time
    const numbers = Array.from({ length: numberCount }, (_, at) => {
      const { items } = chunk.getColumnVector(at) as unknown as { items: Int32Array };
      return items.slice(0, rowCount);
    });
    const all = Int32Array.from({ length: rowCount }, (_, at) => at);
    const memory = chunk.getColumnVector(numberCount) as unknown as VectorMemory;
    const { data: bytes, valueOffsets: offsets } = gatherBytes(memory, gatherValidity(memory, all).rows);
    next = result.fetchChunk(); // made while these are looked through
    next.catch(() => {}); // known when it is its turn
    yield { rowCount, numbers, bytes, offsets };
  }
}
