import type { FileHandle } from "node:fs/promises";
import { readAt } from "../bytes.ts";
import type { EmbeddedBatch } from "../input.ts";
import { plainRange, readBuffer } from "./bodies.ts";
import type { BytesColumn } from "./columns.ts";
import type { ArrowMessage } from "./messages.ts";

const BATCH_BYTES = 8 << 20;
const BATCH_ROWS = 1024;

/**
 * The cells of a column of bytes in one batch, about 8 MB at a time, each batch valid until the next is asked for. Only
 * they are read from the file; a compressed column is held as a whole.
 */
export async function* readBatchBlobs(
  handle: FileHandle,
  message: ArrowMessage,
  column: BytesColumn,
  rowCount: number,
): AsyncGenerator<EmbeddedBatch> {
  const bitmaps = await Promise.all(column.validity.map((index) => readBuffer(handle, message, index)));
  const offsets = offsetReader(await readBuffer(handle, message, column.offsets), column.offsetBytes);
  const range = plainRange(message, column.data);
  const whole = range ? undefined : await readBuffer(handle, message, column.data);
  const isThere = (row: number) =>
    bitmaps.every((bits) => bits.length === 0 || ((bits[row >> 3] ?? 0) >> (row & 7)) & 1);
  for (let row = 0; row < rowCount; ) {
    const first = offsets(row);
    let end = row + 1;
    while (end < rowCount && end - row < BATCH_ROWS && offsets(end + 1) - first <= BATCH_BYTES) end++;
    const bytes = whole
      ? whole.subarray(first, offsets(end))
      : await readAt(handle, (range?.from ?? 0) + first, offsets(end) - first);
    const batch: EmbeddedBatch = [];
    for (; row < end; row++) {
      batch.push(isThere(row) ? bytes.subarray(offsets(row) - first, offsets(row + 1) - first) : null);
    }
    yield batch;
  }
}

function offsetReader(bytes: Uint8Array, width: 4 | 8): (at: number) => number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.byteLength === 0) return () => 0; // a batch without rows may leave them out
  return width === 4 ? (at) => view.getInt32(at * 4, true) : (at) => Number(view.getBigInt64(at * 8, true));
}
