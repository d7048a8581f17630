import { type Data, DataType, type Field, makeData } from "apache-arrow";

/**
 * Converts a column of JSON values to Arrow. Accepts numbers or text for BIGINT and DECIMAL, bytes or base64
 * for BLOB, objects or lists in field order for STRUCT, any JSON value for VARCHAR.
 */
export function toData(type: DataType, values: readonly unknown[]): Data {
  const { bitmap, nullCount } = validityOf(values);
  const common = { type, length: values.length, nullCount, nullBitmap: bitmap };
  if (DataType.isStruct(type)) {
    const children = type.children.map((field: Field, at: number) =>
      toData(
        field.type,
        values.map((value) => fieldOf(value, field.name, at)),
      ),
    );
    return makeData({ ...common, children } as never) as Data;
  }
  if (DataType.isList(type)) {
    const lists = values as readonly (readonly unknown[] | null)[];
    const child = toData(
      (type.children[0] as Field).type,
      lists.flatMap((list) => list ?? []),
    );
    return makeData({ ...common, valueOffsets: offsetsOf(lists), child } as never) as Data;
  }
  if (DataType.isUtf8(type) || DataType.isBinary(type)) {
    const chunks = values.map((value) => (value == null ? EMPTY : bytesOf(type, value)));
    return makeData({
      ...common,
      valueOffsets: offsetsOf(chunks),
      data: Buffer.concat(chunks),
    } as never) as Data;
  }
  return makeData({ ...common, data: fixedOf(type, values) } as never) as Data;
}

const EMPTY = Buffer.alloc(0);

function fieldOf(value: unknown, name: string, at: number): unknown {
  if (value == null) return null;
  return Array.isArray(value) ? value[at] : (value as Record<string, unknown>)[name];
}

function validityOf(values: readonly unknown[]): { bitmap: Uint8Array | null; nullCount: number } {
  let nullCount = 0;
  for (const value of values) if (value == null) nullCount++;
  if (nullCount === 0) return { bitmap: null, nullCount };
  const bitmap = new Uint8Array((values.length + 7) >> 3);
  for (const [at, value] of values.entries()) {
    if (value != null) bitmap[at >> 3] = (bitmap[at >> 3] as number) | (1 << (at & 7));
  }
  return { bitmap, nullCount };
}

function offsetsOf(items: readonly ({ length: number } | null | undefined)[]): Int32Array {
  const offsets = new Int32Array(items.length + 1);
  for (const [at, item] of items.entries()) offsets[at + 1] = (offsets[at] as number) + (item?.length ?? 0);
  return offsets;
}

function bytesOf(type: DataType, value: unknown): Uint8Array {
  if (value instanceof Uint8Array) return value;
  if (typeof value === "string") return Buffer.from(value, DataType.isBinary(type) ? "base64" : "utf8");
  return Buffer.from(JSON.stringify(value));
}

function fixedOf(type: DataType, values: readonly unknown[]) {
  const length = values.length;
  if (DataType.isBool(type)) {
    const bits = new Uint8Array((length + 7) >> 3);
    for (const [at, value] of values.entries()) {
      if (value === true) bits[at >> 3] = (bits[at >> 3] as number) | (1 << (at & 7));
    }
    return bits;
  }
  if (DataType.isDecimal(type)) {
    const words = new Uint32Array(length * 4);
    const halves = new BigInt64Array(words.buffer);
    for (const [at, value] of values.entries()) {
      if (value == null) continue;
      const unscaled = parseDecimal(String(value), type.scale);
      halves[at * 2] = BigInt.asIntN(64, unscaled);
      halves[at * 2 + 1] = unscaled >> 64n;
    }
    return words;
  }
  const read = readerOf(type);
  const data = new type.ArrayType(length);
  for (const [at, value] of values.entries()) if (value != null) data[at] = read(value);
  return data;
}

function readerOf(type: DataType): (value: unknown) => number | bigint {
  if (DataType.isTimestamp(type)) return (value) => parseTimestamp(String(value));
  if (DataType.isDate(type)) return (value) => parseDate(String(value));
  if (DataType.isInt(type) && type.bitWidth === 64) return (value) => BigInt(value as string | number);
  return Number; // NaN and Infinity are text
}

/** `-12.3` at scale 2 as -1230n. */
function parseDecimal(text: string, scale: number): bigint {
  const [whole = "0", fraction = ""] = text.split(".");
  return BigInt(whole + fraction.padEnd(scale, "0").slice(0, scale));
}

/** `2026-01-02` in days since 1970. */
function parseDate(text: string): number {
  const [, year, month, day] = /^([+-]?\d+)-(\d+)-(\d+)/.exec(text) ?? [];
  const date = new Date(0);
  date.setUTCFullYear(Number(year), Number(month) - 1, Number(day));
  return date.getTime() / 86_400_000;
}

/** `2026-01-02 03:04:05.000006` in microseconds since 1970. */
function parseTimestamp(text: string): bigint {
  const [date = "", time = ""] = text.split(/[ T]/);
  const [hours, minutes, seconds = "0"] = time.split(":");
  const [whole, fraction = ""] = seconds.split(".");
  const secondsSince = parseDate(date) * 86_400 + Number(hours) * 3600 + Number(minutes) * 60 + Number(whole);
  return BigInt(secondsSince) * 1_000_000n + BigInt(fraction.padEnd(6, "0").slice(0, 6));
}
