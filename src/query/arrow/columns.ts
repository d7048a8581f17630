import type { DuckDBVector } from "@duckdb/node-api";
import { type Data, DataType, makeData } from "apache-arrow";
import { addressOf, loadCopyMemory } from "./copy-memory.ts";

/**
 * The memory of a DuckDB vector, as its classes keep it: fixed-width values in `items` or `dataView`, strings as
 * 16-byte entries in `dataView`, lists as pairs of offset and length. What the classes offer instead is a JavaScript
 * value for each cell, at ten times the price.
 */
interface VectorMemory {
  items?: FixedArray;
  dataView?: DataView;
  /** Lists: offset and length of each, in elements of `childData`. */
  entryData?: BigUint64Array;
  childData?: DuckDBVector;
  /** Structs. */
  entryVectors?: DuckDBVector[];
  /** 64-bit words, lowest bit first, 1 = there; null when every value is there. */
  validity: { data: BigUint64Array | null; offset: number };
}

type FixedArray =
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

/**
 * Lays the values at `rows` of a vector out as Arrow wants them. `rows` are positions in the vector, in any order; -1
 * gives NULL. Nothing of the result points into DuckDB's memory.
 */
export function gatherColumn(vector: DuckDBVector, type: DataType, rows: Int32Array): Data {
  const memory = vector as unknown as VectorMemory;
  const valid = gatherValidity(memory, rows);
  const common = { type, length: rows.length, nullCount: valid.nullCount, nullBitmap: valid.bitmap };
  if (memory.entryVectors) {
    const fields = type.children;
    const children = memory.entryVectors.map((child, at) =>
      gatherColumn(child, fields[at]?.type as DataType, valid.rows),
    );
    return makeData({ ...common, children } as never) as Data;
  }
  if (memory.entryData && memory.childData) {
    const { offsets, elements } = gatherLists(memory.entryData, valid.rows);
    const child = gatherColumn(memory.childData, type.children[0]?.type as DataType, elements);
    return makeData({ ...common, valueOffsets: offsets, child } as never) as Data;
  }
  if (isVariable(type)) return makeData({ ...common, ...gatherBytes(memory, valid.rows) } as never) as Data;
  if (DataType.isBool(type))
    return makeData({ ...common, data: gatherBits(memory, valid.rows) } as never) as Data;
  const data = memory.items
    ? gatherFixed(memory.items, valid.rows)
    : gatherDecimals(memory.dataView as DataView, vector.itemCount, valid.rows);
  return makeData({ ...common, data } as never) as Data;
}

/** Bytes that each row at the top of the column takes in variable-width values; added to `sizes`. */
export function addSizes(vector: DuckDBVector, type: DataType, sizes: Float64Array): void {
  const memory = vector as unknown as VectorMemory;
  const rowCount = sizes.length;
  const isValid = validityOf(memory);
  if (isVariable(type)) {
    const { u32 } = stringEntries(memory.dataView as DataView);
    for (let row = 0; row < rowCount; row++) {
      if (isValid(row)) sizes[row] = (sizes[row] ?? 0) + (u32[row * 4] ?? 0);
    }
  } else if (memory.entryVectors) {
    for (const [at, child] of memory.entryVectors.entries()) {
      addSizes(child, type.children[at]?.type as DataType, sizes);
    }
  } else if (memory.entryData && memory.childData) {
    const elements = new Float64Array(memory.childData.itemCount).fill(8);
    addSizes(memory.childData, type.children[0]?.type as DataType, elements);
    for (let row = 0; row < rowCount; row++) {
      if (!isValid(row)) continue;
      const start = Number(memory.entryData[row * 2]);
      const end = start + Number(memory.entryData[row * 2 + 1]);
      for (let at = start; at < end; at++) sizes[row] = (sizes[row] ?? 0) + (elements[at] ?? 0);
    }
  }
}

function isVariable(type: DataType): boolean {
  return DataType.isUtf8(type) || DataType.isBinary(type);
}

function validityOf({ validity }: VectorMemory): (row: number) => boolean {
  if (validity.data === null) return () => true;
  const words = new Uint32Array(validity.data.buffer, validity.data.byteOffset, validity.data.length * 2);
  return (row) => ((words[row >> 5] ?? 0) & (1 << (row & 31))) !== 0;
}

interface Gathered {
  bitmap: Uint8Array | null;
  nullCount: number;
  /** As given, with -1 where the value is NULL: what lies below a NULL is not looked at. */
  rows: Int32Array;
}

function gatherValidity(memory: VectorMemory, rows: Int32Array): Gathered {
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

function gatherFixed(items: FixedArray, rows: Int32Array): FixedArray {
  const first = rows[0] ?? 0;
  if (isRange(rows)) return items.slice(first, first + rows.length) as FixedArray;
  const values = new (items.constructor as new (length: number) => FixedArray)(rows.length);
  for (let at = 0; at < rows.length; at++) {
    const row = rows[at] as number;
    if (row >= 0) values[at] = items[row] as never;
  }
  return values;
}

/** Rows one behind the other, none of them NULL. */
function isRange(rows: Int32Array): boolean {
  const first = rows[0] ?? 0;
  if (first < 0) return false;
  for (let at = 1; at < rows.length; at++) if (rows[at] !== first + at) return false;
  return true;
}

function gatherBits(memory: VectorMemory, rows: Int32Array): Uint8Array {
  const view = memory.dataView as DataView;
  const bits = new Uint8Array((rows.length + 7) >> 3);
  for (let at = 0; at < rows.length; at++) {
    const row = rows[at] as number;
    if (row >= 0 && view.getUint8(row) !== 0) bits[at >> 3] = (bits[at >> 3] as number) | (1 << (at & 7));
  }
  return bits;
}

/** DuckDB keeps a decimal in 2, 4, 8 or 16 bytes, Arrow in 16, little-endian two's complement. */
function gatherDecimals(view: DataView, itemCount: number, rows: Int32Array): Uint32Array {
  const width = view.byteLength / itemCount;
  const values = new Uint32Array(rows.length * 4);
  const target = new BigInt64Array(values.buffer);
  for (let at = 0; at < rows.length; at++) {
    const row = rows[at] as number;
    if (row < 0) continue;
    const start = row * width;
    const low =
      width === 2
        ? BigInt(view.getInt16(start, true))
        : width === 4
          ? BigInt(view.getInt32(start, true))
          : view.getBigInt64(start, true);
    target[at * 2] = low;
    target[at * 2 + 1] = width === 16 ? view.getBigInt64(start + 8, true) : low < 0n ? -1n : 0n;
  }
  return values;
}

function gatherLists(
  entries: BigUint64Array,
  rows: Int32Array,
): { offsets: Int32Array; elements: Int32Array } {
  const offsets = new Int32Array(rows.length + 1);
  for (let at = 0; at < rows.length; at++) {
    const row = rows[at] as number;
    offsets[at + 1] = (offsets[at] as number) + (row < 0 ? 0 : Number(entries[row * 2 + 1]));
  }
  const elements = new Int32Array(offsets[rows.length] as number);
  for (let at = 0; at < rows.length; at++) {
    const row = rows[at] as number;
    if (row < 0) continue;
    const start = Number(entries[row * 2]);
    const from = offsets[at] as number;
    const count = (offsets[at + 1] as number) - from;
    for (let element = 0; element < count; element++) elements[from + element] = start + element;
  }
  return { offsets, elements };
}

/** A string of DuckDB: its length in 32 bits, then up to 12 bytes in place, or 4 of its bytes and the address of all. */
const IN_PLACE = 12;

function stringEntries(view: DataView): { u32: Uint32Array; u8: Uint8Array } {
  return {
    u32: new Uint32Array(view.buffer, view.byteOffset, view.byteLength / 4),
    u8: new Uint8Array(view.buffer, view.byteOffset, view.byteLength),
  };
}

function gatherBytes(memory: VectorMemory, rows: Int32Array): { valueOffsets: Int32Array; data: Uint8Array } {
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

/** The same entry in every row: a name of the partition, a constant field of its upload. */
function isRepeated(u32: Uint32Array, rows: Int32Array): boolean {
  const first = (rows[0] ?? -1) * 4;
  if (first < 0) return false;
  for (const row of rows) {
    const entry = row * 4;
    for (let word = 0; word < 4; word++) if (u32[entry + word] !== u32[first + word]) return false;
  }
  return true;
}

/** Fills an array with what stands in its first bytes, doubling. */
function repeatStart(data: Uint8Array, sizeBytes: number): void {
  for (let filled = sizeBytes; filled > 0 && filled < data.length; filled *= 2) {
    data.copyWithin(filled, 0, filled);
  }
}
