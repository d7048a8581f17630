import type { DuckDBVector } from "@duckdb/node-api";
import { type Data, DataType, makeData } from "apache-arrow";
import {
  type FixedArray,
  gatherBytes,
  gatherValidity,
  stringEntries,
  type VectorMemory,
  validityOf,
} from "./vector-memory.ts";

/**
 * Copies the values at `rows` of a vector into Arrow's layout. `rows` are positions in any order; -1 gives
 * NULL. The result does not refer to DuckDB's memory.
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

/** Adds the bytes of variable-width values per top-level row to `sizes`. */
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

/** Whether rows are consecutive and not NULL. */
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

/** DuckDB stores decimals in 2, 4, 8 or 16 bytes, Arrow in 16, little-endian two's complement. */
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
