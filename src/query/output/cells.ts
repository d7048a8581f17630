import type { Data, DataType, Decimal, RecordBatch, Timestamp } from "apache-arrow";
import { dateText, timestampText } from "./time-text.ts";

/** A cell's text by row; undefined for NULL. */
export type Cell = (row: number) => string | undefined;

/**
 * Columns of a batch as JSON texts. Integers and decimals are exact beyond 2^53; "NaN", "Infinity" and "-Infinity" are
 * texts, as in ProtoJSON; times are ISO 8601, bytes base64, lists arrays, structs objects.
 */
export function jsonCells(batch: RecordBatch): Cell[] {
  return batch.data.children.map(jsonCell);
}

/** Columns of a batch as plain text: like JSON, but with unquoted text, NaN, inf and -inf. */
export function plainCells(batch: RecordBatch): Cell[] {
  return batch.data.children.map((data) => scalarText(data) ?? jsonCell(data));
}

const TYPE = {
  int: 2,
  float: 3,
  binary: 4,
  utf8: 5,
  bool: 6,
  decimal: 7,
  date: 8,
  timestamp: 10,
  list: 12,
  struct: 13,
} as const;

function jsonCell(data: Data): Cell {
  switch (data.typeId as number) {
    case TYPE.list: {
      const element = jsonCell(data.children[0] as Data);
      const offsets = data.valueOffsets;
      return unlessNull(data, (row) => {
        const texts: string[] = [];
        const end = offsets[row + 1] as number;
        for (let at = offsets[row] as number; at < end; at++) texts.push(element(at) ?? "null");
        return `[${texts.join(",")}]`;
      });
    }
    case TYPE.struct: {
      const names = data.type.children.map(({ name }) => `${JSON.stringify(name)}:`);
      const fields = data.children.map(jsonCell);
      return unlessNull(
        data,
        (row) => `{${fields.map((field, at) => `${names[at]}${field(row) ?? "null"}`).join(",")}}`,
      );
    }
    case TYPE.float: {
      const text = scalarText(data) as Cell;
      return (row) => {
        const value = text(row);
        return value === undefined ? undefined : (NOT_FINITE.get(value) ?? value);
      };
    }
    case TYPE.int:
    case TYPE.bool:
    case TYPE.decimal:
      return scalarText(data) as Cell;
    default: {
      const text = scalarText(data);
      if (text === undefined) throw new TypeError(`no JSON for Arrow's ${data.type}`);
      return (row) => {
        const value = text(row);
        return value === undefined ? undefined : JSON.stringify(value);
      };
    }
  }
}

/** By plain text; JSON has no such numbers, and NULL says something else. */
const NOT_FINITE: ReadonlyMap<string, string> = new Map([
  ["nan", '"NaN"'],
  ["inf", '"Infinity"'],
  ["-inf", '"-Infinity"'],
]);

/** Keeps a leading byte order mark. */
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** Undefined for lists and structs. */
function scalarText(data: Data): Cell | undefined {
  const { values } = data;
  switch (data.typeId as number) {
    case TYPE.int:
      return unlessNull(data, (row) => String(values[row]));
    case TYPE.float: {
      const text = values instanceof Float32Array ? singleText : doubleText;
      return unlessNull(data, (row) => text(values[row] as number));
    }
    case TYPE.bool:
      return unlessNull(data, (row) => {
        const at = data.offset + row;
        return String(((values[at >> 3] as number) & (1 << (at & 7))) !== 0);
      });
    case TYPE.utf8:
      return unlessNull(data, (row) => decoder.decode(bytesAt(data, row)));
    case TYPE.binary:
      return unlessNull(data, (row) => bytesAt(data, row).toBase64());
    case TYPE.decimal: {
      const { scale } = data.type as Decimal;
      return unlessNull(data, (row) => decimalText(decimalAt(values as Uint32Array, row), scale));
    }
    case TYPE.date:
      return unlessNull(data, (row) => dateText(values[row] as number));
    case TYPE.timestamp: {
      const { unit } = data.type as Timestamp;
      return unlessNull(data, (row) => timestampText(toMicros(values[row] as bigint, unit)));
    }
    default:
      return undefined;
  }
}

function unlessNull(data: Data<DataType>, text: (row: number) => string): Cell {
  if (data.nullCount === 0) return text;
  return (row) => (data.getValid(row) ? text(row) : undefined);
}

function bytesAt({ values, valueOffsets }: Data, row: number): Uint8Array {
  return (values as Uint8Array).subarray(valueOffsets[row] as number, valueOffsets[row + 1] as number);
}

/** Arrow's units: seconds, then factors of 1000. */
function toMicros(value: bigint, unit: number): bigint {
  return unit > 2 ? value / 1000n : value * 1000n ** BigInt(2 - unit);
}

/** Shortest text that parses to the same number; uses an exponent like JavaScript and JSON. */
function doubleText(value: number): string {
  if (Number.isNaN(value)) return "nan";
  if (!Number.isFinite(value)) return value < 0 ? "-inf" : "inf";
  return Object.is(value, -0) ? "-0.0" : String(value);
}

/** 0.1 in 32 bits is `0.1`, not `0.10000000149011612`. */
function singleText(value: number): string {
  if (!Number.isFinite(value) || value === 0) return doubleText(value);
  for (let digits = 6; digits < 9; digits++) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === value) return String(short);
  }
  return String(Number(value.toPrecision(9)));
}

/** 128 bits, little-endian two's complement. */
function decimalAt(words: Uint32Array, row: number): bigint {
  let value = 0n;
  for (let word = 3; word >= 0; word--) value = (value << 32n) | BigInt(words[row * 4 + word] as number);
  return BigInt.asIntN(128, value);
}

function decimalText(value: bigint, scale: number): string {
  if (scale === 0) return String(value);
  const digits = String(value < 0n ? -value : value).padStart(scale + 1, "0");
  return `${value < 0n ? "-" : ""}${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
}
