import {
  DataType,
  Decimal,
  Dictionary,
  Field,
  FixedSizeList,
  LargeList,
  LargeUtf8,
  List,
  Map_,
  Schema,
  Struct,
  TimestampNanosecond,
  TimeUnit,
  Type,
} from "apache-arrow";
import { AppError } from "../../errors.ts";

/**
 * The schema as Parquet and the engine take it. Dictionaries of string views (polars' categoricals) are ones of plain
 * strings, for the Parquet writer cannot take them; their ids are given, and their batches go through
 * `plainDictionary`. Times in nanoseconds have no zone: the engine would read those that have one in microseconds.
 * Decimals have all digits of their width: of one that has more than its type says, the Parquet writer would cut bits.
 */
export function plainSchema(schema: Schema): { schema: Schema; ids: ReadonlySet<number> } {
  const ids = new Set<number>();
  const fields = schema.fields.map((field) => plainField(field, ids));
  return { schema: new Schema(fields, schema.metadata, undefined, schema.metadataVersion), ids };
}

/** Digits of decimals by the bits that hold them. */
const WIDE_DIGITS: Record<number, number> = { 32: 9, 64: 18, 128: 38 };

function plainField(field: Field, ids: Set<number>): Field {
  return new Field(field.name, plainType(field.type, ids), field.nullable, field.metadata);
}

function plainType(type: DataType, ids: Set<number>): DataType {
  if (DataType.isDictionary(type)) {
    const isViews = type.dictionary.typeId === Type.Utf8View;
    if (isViews) ids.add(type.id);
    const values = isViews ? new LargeUtf8() : plainType(type.dictionary, ids);
    return new Dictionary(values, type.indices, type.id, type.isOrdered);
  }
  if (DataType.isTimestamp(type) && type.unit === TimeUnit.NANOSECOND) return new TimestampNanosecond();
  if (DataType.isDecimal(type))
    return new Decimal(type.scale, WIDE_DIGITS[type.bitWidth] ?? type.precision, type.bitWidth);
  const children = ((type.children ?? []) as Field[]).map((child) => plainField(child, ids));
  const [child] = children;
  if (DataType.isStruct(type)) return new Struct(children);
  if (child === undefined) return type;
  if (DataType.isMap(type)) return new Map_(child as (typeof type.children)[0], type.keysSorted);
  if (DataType.isList(type)) return new List(child);
  if (DataType.isLargeList(type)) return new LargeList(child);
  if (DataType.isFixedSizeList(type)) return new FixedSizeList(type.listSize, child);
  return type;
}

/** Buffers of a dictionary of string views (validity, views, data...) as those of large strings (validity, offsets, data). */
export function plainDictionary(buffers: readonly Uint8Array[], rowCount: number): Uint8Array[] {
  const [validity = new Uint8Array(0), views = new Uint8Array(0), ...data] = buffers;
  const view = new DataView(views.buffer, views.byteOffset, views.byteLength);
  if (views.length < rowCount * 16) throw damaged();
  const offsets = new BigInt64Array(rowCount + 1);
  const parts: Uint8Array[] = [];
  let end = 0;
  for (let row = 0; row < rowCount; row++) {
    const at = row * 16;
    const length = view.getInt32(at, true);
    const inline = length <= 12;
    const source = inline ? views : (data[view.getInt32(at + 8, true)] ?? new Uint8Array(0));
    const from = inline ? at + 4 : view.getInt32(at + 12, true);
    if (length < 0 || from < 0 || from + length > source.length) throw damaged();
    parts.push(source.subarray(from, from + length));
    end += length;
    offsets[row + 1] = BigInt(end);
  }
  return [validity, new Uint8Array(offsets.buffer), Buffer.concat(parts)];
}

function damaged(): AppError {
  return new AppError("invalid_input", "a dictionary of an Arrow file refers to missing texts");
}
