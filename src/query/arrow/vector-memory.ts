import type { DuckDBVector } from "@duckdb/node-api";
import { addressOf, loadCopyMemory } from "./copy-memory.ts";

/**
 * Memory of a DuckDB vector in its classes: fixed-width values in `items` or `dataView`, strings as 16-byte
 * entries in `dataView`, lists as pairs of offset and length. Their public accessors create a JavaScript
 * value per cell, at ten times the cost.
 */
export interface VectorMemory {
  items?: FixedArray;
  dataView?: DataView;
  /** Lists: offset and length, in elements of `childData`. */
  entryData?: BigUint64Array;
  childData?: DuckDBVector;
  entryVectors?: DuckDBVector[];
  /** 64-bit words, lowest bit first, 1 = valid; null if all values are valid. */
  validity: { data: BigUint64Array | null; offset: number };
}

export type FixedArray =
  | Int8Array
  | Int16Array
  | Int32Array
  | Uint8Array
  | Uint16Array
  | Uint32Array
  | Float32Array
  | Float64Array
  | BigInt64Array
  | BigUint64Array;

/** Returns a test whether a row has a value. */
export function validityOf({ validity }: VectorMemory): (row: number) => boolean {
  if (validity.data === null) return () => true;
  const words = new Uint32Array(validity.data.buffer, validity.data.byteOffset, validity.data.length * 2);
  return (row) => ((words[row >> 5] ?? 0) & (1 << (row & 31))) !== 0;
}

interface Gathered {
  bitmap: Uint8Array | null;
  nullCount: number;
  /** As given, with -1 for NULL values, whose content is not read. */
  rows: Int32Array;
}

/** Validity of `rows` in Arrow's layout. */
export function gatherValidity(memory: VectorMemory, rows: Int32Array): Gathered {
  const isValid = validityOf(memory);
  const whole = memory.validity.data === null;
  if (whole && !rows.includes(-1)) return { bitmap: null, nullCount: 0, rows };
  const bitmap = new Uint8Array((rows.length + 7) >> 3);
  const there = rows.slice();
  let nullCount = 0;
  for (let at = 0; at < rows.length; at++) {
    const row = rows[at] as number;
    if (row >= 0 && isValid(row)) bitmap[at >> 3] = (bitmap[at >> 3] as number) | (1 << (at & 7));
    else {
      there[at] = -1;
      nullCount++;
    }
  }
  return { bitmap: nullCount === 0 ? null : bitmap, nullCount, rows: there };
}

/** A DuckDB string: 32-bit length, then up to 12 bytes inline, or a 4-byte prefix and an address. */
const IN_PLACE = 12;

export function stringEntries(view: DataView): { u32: Uint32Array; u8: Uint8Array } {
  return {
    u32: new Uint32Array(view.buffer, view.byteOffset, view.byteLength / 4),
    u8: new Uint8Array(view.buffer, view.byteOffset, view.byteLength),
  };
}

/** Concatenates the texts or bytes at `rows`; -1 gives none. */
export function gatherBytes(
  memory: VectorMemory,
  rows: Int32Array,
): { valueOffsets: Int32Array; data: Uint8Array } {
  const { u32, u8 } = stringEntries(memory.dataView as DataView);
  const valueOffsets = new Int32Array(rows.length + 1);
  for (let at = 0; at < rows.length; at++) {
    const row = rows[at] as number;
    valueOffsets[at + 1] = (valueOffsets[at] as number) + (row < 0 ? 0 : (u32[row * 4] as number));
  }
  const data = new Uint8Array(valueOffsets[rows.length] as number);
  const address = addressOf(data);
  const copyMemory = loadCopyMemory();
  const repeats = isRepeated(u32, rows);
  for (let at = 0; at < (repeats ? 1 : rows.length); at++) {
    const row = rows[at] as number;
    const start = valueOffsets[at] as number;
    const length = (valueOffsets[at + 1] as number) - start;
    if (length === 0) continue;
    if (length > IN_PLACE) {
      const source = (u32[row * 4 + 2] as number) + (u32[row * 4 + 3] as number) * 2 ** 32;
      copyMemory(address + start, source, length);
    } else {
      const from = row * 16 + 4;
      for (let byte = 0; byte < length; byte++) data[start + byte] = u8[from + byte] as number;
    }
  }
  if (repeats) repeatStart(data, valueOffsets[1] as number);
  return { valueOffsets, data };
}

/** Whether all rows hold the same entry, as partition names and constant fields do. */
function isRepeated(u32: Uint32Array, rows: Int32Array): boolean {
  const first = (rows[0] ?? -1) * 4;
  if (first < 0) return false;
  for (const row of rows) {
    const entry = row * 4;
    for (let word = 0; word < 4; word++) if (u32[entry + word] !== u32[first + word]) return false;
  }
  return true;
}

function repeatStart(data: Uint8Array, sizeBytes: number): void {
  for (let filled = sizeBytes; filled > 0 && filled < data.length; filled *= 2) {
    data.copyWithin(filled, 0, filled);
  }
}
