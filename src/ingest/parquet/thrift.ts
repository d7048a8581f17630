import { AppError } from "../../errors.ts";

/** A field of a Thrift struct: integers as numbers or bigints, binary as bytes, structs as maps by field id. */
export type ThriftValue = number | bigint | boolean | Uint8Array | ThriftValue[] | ThriftStruct;
export type ThriftStruct = Map<number, ThriftValue>;

/**
 * Reads one struct in Thrift's compact protocol from the start of `bytes`, and where it and each of its own fields
 * ends; undefined when the bytes end before it does. Throws `corrupt`. Format: thrift/doc/specs/thrift-compact-protocol.md.
 */
export function readThrift(
  bytes: Uint8Array,
): { value: ThriftStruct; end: number; fieldEnds: ReadonlyMap<number, number> } | undefined {
  const cursor = { bytes, at: 0 };
  const fieldEnds = new Map<number, number>();
  try {
    const value = readStruct(cursor, 0, fieldEnds);
    return { value, end: cursor.at, fieldEnds };
  } catch (error) {
    if (error === END) return undefined;
    throw error;
  }
}

/** An integer field as a number; undefined when absent. */
export function thriftNumber(struct: ThriftStruct | undefined, id: number): number | undefined {
  const value = struct?.get(id);
  return typeof value === "number" || typeof value === "bigint" ? Number(value) : undefined;
}

export function thriftStruct(struct: ThriftStruct | undefined, id: number): ThriftStruct | undefined {
  const value = struct?.get(id);
  return value instanceof Map ? value : undefined;
}

interface Cursor {
  bytes: Uint8Array;
  at: number;
}

const MAX_DEPTH = 32;

/** Thrown where the bytes end. */
const END = Symbol("end of bytes");

function corrupt(what: string): AppError {
  return new AppError("corrupt", `a Parquet header is damaged: ${what}`);
}

function readStruct(cursor: Cursor, depth: number, ends?: Map<number, number>): ThriftStruct {
  if (depth > MAX_DEPTH) throw corrupt("it is nested too deeply");
  const struct: ThriftStruct = new Map();
  let id = 0;
  for (;;) {
    const head = readByte(cursor);
    const type = head & 0x0f;
    if (type === 0) return struct;
    const delta = head >> 4;
    id = delta === 0 ? Number(readZigzag(cursor)) : id + delta;
    struct.set(id, readValue(cursor, type, depth));
    ends?.set(id, cursor.at);
  }
}

function readValue(cursor: Cursor, type: number, depth: number): ThriftValue {
  switch (type) {
    case 1:
      return true;
    case 2:
      return false;
    case 3:
      return (readByte(cursor) << 24) >> 24;
    case 4:
    case 5:
    case 6:
      return readZigzag(cursor);
    case 7:
      return new DataView(take(cursor, 8).slice().buffer).getFloat64(0, true);
    case 8:
      return take(cursor, Number(readVarint(cursor)));
    case 9:
    case 10:
      return readList(cursor, depth + 1);
    case 12:
      return readStruct(cursor, depth + 1);
    default:
      throw corrupt(`a field has the type ${type}`);
  }
}

function readList(cursor: Cursor, depth: number): ThriftValue[] {
  if (depth > MAX_DEPTH) throw corrupt("it is nested too deeply");
  const head = readByte(cursor);
  const type = head & 0x0f;
  const count = head >> 4 === 15 ? Number(readVarint(cursor)) : head >> 4;
  const values: ThriftValue[] = [];
  for (let at = 0; at < count; at++) {
    // inside a list a boolean takes a byte of its own
    values.push(type === 1 || type === 2 ? readByte(cursor) === 1 : readValue(cursor, type, depth));
  }
  return values;
}

function readZigzag(cursor: Cursor): number | bigint {
  const value = readVarint(cursor);
  if (typeof value === "number") return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  return value & 1n ? -(value >> 1n) - 1n : value >> 1n;
}

function readVarint(cursor: Cursor): number | bigint {
  let value = 0;
  let scale = 1;
  for (let taken = 0; taken < 7; taken++) {
    const byte = readByte(cursor);
    value += (byte & 0x7f) * scale;
    if (byte < 0x80) return value;
    scale *= 128;
  }
  let big = BigInt(value);
  for (let shift = 49n; ; shift += 7n) {
    if (shift > 63n) throw corrupt("an integer is too long");
    const byte = readByte(cursor);
    big |= BigInt(byte & 0x7f) << shift;
    if (byte < 0x80) return big;
  }
}

function readByte(cursor: Cursor): number {
  const byte = cursor.bytes[cursor.at++];
  if (byte === undefined) throw END;
  return byte;
}

function take(cursor: Cursor, count: number): Uint8Array {
  const end = cursor.at + count;
  if (end > cursor.bytes.length) throw END;
  const taken = cursor.bytes.subarray(cursor.at, end);
  cursor.at = end;
  return taken;
}
