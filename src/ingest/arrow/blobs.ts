import type { FileHandle } from "node:fs/promises";
import { AppError } from "../../errors.ts";
import { type Arena, inBatches, type Room } from "../arena.ts";
import { readAtInto } from "../bytes.ts";
import type { EmbeddedBatch } from "../input.ts";
import { plainRange, readBuffer } from "./bodies.ts";
import type { BytesColumn } from "./columns.ts";
import type { ArrowMessage } from "./messages.ts";

/** A cell's place in one of the data buffers of its column, or its bytes where they are in the view itself. */
type CellPlace = { buffer: number; from: number; length: number } | { inline: Uint8Array };

/**
 * The cells of a column of bytes in one batch, about 8 MB at a time, each batch valid until the next is asked for.
 * Only they are read from the file; of a compressed column, one buffer is held as a whole.
 */
export async function* readBatchBlobs(
  handle: FileHandle,
  message: ArrowMessage,
  column: BytesColumn,
  rowCount: number,
  arena: Arena,
): AsyncGenerator<EmbeddedBatch> {
  const bitmaps = await Promise.all(column.validity.map((index) => readBuffer(handle, message, index)));
  const isThere = (row: number) =>
    bitmaps.every((bits) => bits.length === 0 || ((bits[row >> 3] ?? 0) >> (row & 7)) & 1);
  const cells = await cellRange(handle, message, column.list, rowCount);
  const place = await cellPlaces(handle, message, column, cells.end);
  const read = bufferReader(handle, message, arena.room);
  async function* values() {
    for (const row of cells.places) {
      const cell = isThere(row) ? place(row) : undefined;
      yield cell === undefined ? null : "inline" in cell ? cell.inline : await read(cell);
    }
  }
  yield* inBatches(values(), arena);
}

/** The places of a column's cells, in the order of rows; of lists those of the elements that a row has. */
async function cellRange(
  handle: FileHandle,
  message: ArrowMessage,
  list: BytesColumn["list"],
  rowCount: number,
): Promise<{ places: Iterable<number>; end: number }> {
  if (list === undefined) return { places: countUp(0, rowCount), end: rowCount };
  const bits = await readBuffer(handle, message, list.validity);
  const offset = await listOffsets(handle, message, list, rowCount);
  const end = rowCount === 0 ? 0 : offset(rowCount);
  function* places() {
    for (let row = 0; row < rowCount; row++) {
      const isThere = bits.length === 0 || ((bits[row >> 3] ?? 0) >> (row & 7)) & 1;
      const [from, to] = [offset(row), offset(row + 1)];
      if (from < 0 || to < from || to > end) throw damaged();
      if (isThere) yield* countUp(from, to);
    }
  }
  return { places: places(), end };
}

async function listOffsets(
  handle: FileHandle,
  message: ArrowMessage,
  list: NonNullable<BytesColumn["list"]>,
  rowCount: number,
): Promise<(at: number) => number> {
  if ("size" in list) return (at) => at * list.size;
  const { offsetBytes } = list;
  const bytes = await readBuffer(handle, message, list.offsets);
  if (rowCount > 0 && bytes.length < (rowCount + 1) * offsetBytes) throw damaged();
  return offsetReader(bytes, offsetBytes);
}

function* countUp(from: number, end: number): Generator<number> {
  for (let at = from; at < end; at++) yield at;
}

function offsetReader(bytes: Uint8Array, offsetBytes: 4 | 8): (at: number) => number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return (at) => (offsetBytes === 4 ? view.getInt32(at * 4, true) : Number(view.getBigInt64(at * 8, true)));
}

async function cellPlaces(
  handle: FileHandle,
  message: ArrowMessage,
  column: BytesColumn,
  rowCount: number,
): Promise<(row: number) => CellPlace> {
  const bytes = await readBuffer(handle, message, column.kind === "offsets" ? column.offsets : column.views);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const wanted = column.kind === "offsets" ? (rowCount + 1) * column.offsetBytes : rowCount * 16;
  if (rowCount > 0 && bytes.length < wanted) throw damaged();
  if (column.kind === "offsets") {
    const { data, offsetBytes } = column;
    const offset = offsetReader(bytes, offsetBytes);
    return (row) => ({ buffer: data, from: offset(row), length: offset(row + 1) - offset(row) });
  }
  const { data } = column;
  return (row) => {
    const length = view.getInt32(row * 16, true);
    if (length <= 12) return { inline: bytes.subarray(row * 16 + 4, row * 16 + 4 + length) };
    const buffer = data[view.getInt32(row * 16 + 8, true)] ?? -1;
    return { buffer, from: view.getInt32(row * 16 + 12, true), length };
  };
}

/** Reads cells: plain buffers by range, of compressed ones the last is kept. */
function bufferReader(handle: FileHandle, message: ArrowMessage, room: Room) {
  let held: { buffer: number; bytes: Uint8Array } | undefined;
  return async ({ buffer, from, length }: { buffer: number; from: number; length: number }) => {
    const range = plainRange(message, buffer);
    const isBounded =
      from >= 0 && length >= 0 && (range === undefined || range.from + from + length <= range.end);
    if (!isBounded) throw damaged();
    if (range) {
      const target = room(length);
      await readAtInto(handle, range.from + from, target);
      return target;
    }
    if (held?.buffer !== buffer) held = { buffer, bytes: await readBuffer(handle, message, buffer) };
    if (from + length > held.bytes.length) throw damaged();
    return held.bytes.subarray(from, from + length);
  };
}

function damaged(): AppError {
  return new AppError("invalid_input", "a cell of an Arrow batch lies outside of its buffer");
}
