import { type Data, type DataType, makeData } from "apache-arrow";
import type { TypeTree } from "../schema/column-types.ts";
import { arrowType } from "./arrow-types.ts";

/** Collects the values of one column of a record batch and lays them out as Arrow wants them. */
export interface ColumnBuilder {
  /** Takes a plain value of a RowBatch, or null. */
  append(value: unknown): void;
  /** Bytes collected so far, roughly: what a batch is cut by. */
  byteSize(): number;
  /** The column, and an empty builder again. */
  finish(): Data;
}

/** A builder for a plain DuckDB type. */
export function createColumnBuilder(type: TypeTree): ColumnBuilder {
  if (type.kind === "list") return listBuilder(type);
  if (type.kind === "struct") return structBuilder(type);
  const arrow = arrowType(type);
  switch (type.name) {
    case "BOOLEAN":
      return boolBuilder(arrow);
    case "BLOB":
      return bytesBuilder(arrow, (value) => value as Uint8Array);
    case "TINYINT":
      return fixedBuilder(arrow, Int8Array);
    case "SMALLINT":
      return fixedBuilder(arrow, Int16Array);
    case "INTEGER":
    case "DATE":
      return fixedBuilder(arrow, Int32Array);
    case "UTINYINT":
      return fixedBuilder(arrow, Uint8Array);
    case "USMALLINT":
      return fixedBuilder(arrow, Uint16Array);
    case "UINTEGER":
      return fixedBuilder(arrow, Uint32Array);
    case "BIGINT":
    case "TIMESTAMP":
      return fixedBuilder(arrow, BigInt64Array);
    case "UBIGINT":
      return fixedBuilder(arrow, BigUint64Array);
    case "FLOAT":
      return fixedBuilder(arrow, Float32Array);
    case "DOUBLE":
      return fixedBuilder(arrow, Float64Array);
    default:
      return textBuilder(arrow);
  }
}

/** Which values are there: one bit each, lowest first; nothing at all while none is missing. */
function createValidity() {
  let missing: number[] = [];
  let length = 0;
  return {
    push: (valid: boolean) => {
      if (!valid) missing.push(length);
      length += 1;
    },
    length: () => length,
    take: () => {
      const taken = { length, nullCount: missing.length, nullBitmap: bitmap(length, missing) };
      missing = [];
      length = 0;
      return taken;
    },
  };
}

function bitmap(length: number, missing: readonly number[]): Uint8Array | null {
  if (missing.length === 0) return null;
  const bits = new Uint8Array((length + 7) >> 3).fill(0xff);
  for (const at of missing) bits[at >> 3] = (bits[at >> 3] ?? 0) & ~(1 << (at & 7));
  return bits;
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

function fixedBuilder(type: DataType, ArrayType: { new (length: number): FixedArray }): ColumnBuilder {
  const validity = createValidity();
  const first = new ArrayType(1024);
  const zero = typeof first[0] === "bigint" ? 0n : 0;
  let values = first;
  return {
    append: (value) => {
      const at = validity.length();
      if (at === values.length) {
        const larger = new ArrayType(values.length * 2);
        larger.set(values as never);
        values = larger;
      }
      values[at] = (value ?? zero) as never;
      validity.push(value !== null && value !== undefined);
    },
    byteSize: () => validity.length() * values.BYTES_PER_ELEMENT,
    finish: () => {
      const { length, ...nulls } = validity.take();
      const data = makeData({ type, length, ...nulls, data: values.slice(0, length) } as never);
      return data as Data;
    },
  };
}

function boolBuilder(type: DataType): ColumnBuilder {
  const validity = createValidity();
  let no: number[] = [];
  return {
    append: (value) => {
      if (value !== true) no.push(validity.length());
      validity.push(value !== null && value !== undefined);
    },
    byteSize: () => validity.length() >> 3,
    finish: () => {
      const { length, ...nulls } = validity.take();
      const bits = bitmap(length, no) ?? new Uint8Array((length + 7) >> 3).fill(0xff);
      no = [];
      return makeData({ type, length, ...nulls, data: bits } as never) as Data;
    },
  };
}

/** Variable-width values one behind the other, and where each begins. */
function createHeap() {
  let heap = Buffer.allocUnsafe(64 * 1024);
  let end = 0;
  let offsets: number[] = [0];
  return {
    /** Makes room for `size` more bytes and gives where they begin. */
    reserve: (size: number): { heap: Buffer; at: number } => {
      if (end + size > heap.length) {
        const larger = Buffer.allocUnsafe(Math.max(heap.length * 2, end + size));
        heap.copy(larger, 0, 0, end);
        heap = larger;
      }
      return { heap, at: end };
    },
    close: (written: number) => {
      end += written;
      offsets.push(end);
    },
    size: () => end,
    take: () => {
      const taken = { data: new Uint8Array(heap.subarray(0, end)), valueOffsets: Int32Array.from(offsets) };
      end = 0;
      offsets = [0];
      return taken;
    },
  };
}

function textBuilder(type: DataType): ColumnBuilder {
  const validity = createValidity();
  const heap = createHeap();
  return {
    append: (value) => {
      const text = value === null || value === undefined ? "" : String(value);
      // A UTF-16 unit takes three bytes of UTF-8 at most.
      const { heap: target, at } = heap.reserve(text.length * 3);
      heap.close(text === "" ? 0 : target.write(text, at));
      validity.push(value !== null && value !== undefined);
    },
    byteSize: () => heap.size(),
    finish: () => makeData({ type, ...validity.take(), ...heap.take() } as never) as Data,
  };
}

function bytesBuilder(type: DataType, bytesOf: (value: unknown) => Uint8Array): ColumnBuilder {
  const validity = createValidity();
  const heap = createHeap();
  return {
    append: (value) => {
      const bytes = value === null || value === undefined ? new Uint8Array(0) : bytesOf(value);
      const { heap: target, at } = heap.reserve(bytes.length);
      target.set(bytes, at);
      heap.close(bytes.length);
      validity.push(value !== null && value !== undefined);
    },
    byteSize: () => heap.size(),
    finish: () => makeData({ type, ...validity.take(), ...heap.take() } as never) as Data,
  };
}

function listBuilder(type: Extract<TypeTree, { kind: "list" }>): ColumnBuilder {
  const arrow = arrowType(type);
  const validity = createValidity();
  const child = createColumnBuilder(type.element);
  let ends: number[] = [0];
  return {
    append: (value) => {
      const items = (value ?? []) as readonly unknown[];
      for (const item of items) child.append(item);
      ends.push((ends.at(-1) ?? 0) + items.length);
      validity.push(value !== null && value !== undefined);
    },
    byteSize: () => child.byteSize() + ends.length * 4,
    finish: () => {
      const valueOffsets = Int32Array.from(ends);
      ends = [0];
      return makeData({
        type: arrow,
        ...validity.take(),
        valueOffsets,
        child: child.finish(),
      } as never) as Data;
    },
  };
}

function structBuilder(type: Extract<TypeTree, { kind: "struct" }>): ColumnBuilder {
  const arrow = arrowType(type);
  const validity = createValidity();
  const fields = type.fields.map((field) => ({ name: field.name, builder: createColumnBuilder(field.type) }));
  return {
    append: (value) => {
      const entries = (value ?? {}) as Record<string, unknown>;
      for (const { name, builder } of fields) builder.append(entries[name] ?? null);
      validity.push(value !== null && value !== undefined);
    },
    byteSize: () => fields.reduce((sum, { builder }) => sum + builder.byteSize(), 0),
    finish: () => {
      const children = fields.map(({ builder }) => builder.finish());
      return makeData({ type: arrow, ...validity.take(), children } as never) as Data;
    },
  };
}
