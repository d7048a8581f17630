import {
  Binary,
  Bool,
  type DataType,
  DateDay,
  Decimal,
  Field,
  Float32,
  Float64,
  Int8,
  Int16,
  Int32,
  Int64,
  List,
  Schema,
  Struct,
  TimestampMicrosecond,
  Uint8,
  Uint16,
  Uint32,
  Uint64,
  Utf8,
} from "apache-arrow";
import type { Column } from "../../schema/columns.ts";
import { parseType, type TypeTree } from "../../schema/type-tree.ts";

const SCALARS: Record<string, () => DataType> = {
  VARCHAR: () => new Utf8(),
  BOOLEAN: () => new Bool(),
  TINYINT: () => new Int8(),
  SMALLINT: () => new Int16(),
  INTEGER: () => new Int32(),
  BIGINT: () => new Int64(),
  UTINYINT: () => new Uint8(),
  USMALLINT: () => new Uint16(),
  UINTEGER: () => new Uint32(),
  UBIGINT: () => new Uint64(),
  FLOAT: () => new Float32(),
  DOUBLE: () => new Float64(),
  BLOB: () => new Binary(),
  DATE: () => new DateDay(),
  TIMESTAMP: () => new TimestampMicrosecond(),
};

/** The Arrow type of a plain DuckDB type: 32-bit offsets, nullable, list child `item` as in Arrow C++. */
export function arrowType(type: TypeTree): DataType {
  if (type.kind === "list") return new List(new Field("item", arrowType(type.element), true));
  if (type.kind === "struct") {
    return new Struct(type.fields.map((field) => new Field(field.name, arrowType(field.type), true)));
  }
  const decimal = /^DECIMAL\((\d+),\s*(\d+)\)$/.exec(type.name);
  if (decimal) return new Decimal(Number(decimal[2]), Number(decimal[1]), 128);
  return (SCALARS[type.name] ?? (() => new Utf8()))();
}

/** Whether this DuckDB type has an Arrow counterpart; others are read as text. */
export function isArrowType(type: TypeTree): boolean {
  if (type.kind === "list") return isArrowType(type.element);
  if (type.kind === "struct") return type.fields.every((field) => isArrowType(field.type));
  return type.name in SCALARS || type.name.startsWith("DECIMAL(");
}

/** The Arrow schema of these columns, all nullable. */
export function arrowSchema(columns: readonly Column[]): Schema {
  return new Schema(columns.map(({ name, type }) => new Field(name, arrowType(parseType(type)), true)));
}

/** `struct<bytes: binary, path: utf8>`: the image type of Hugging Face `datasets`. */
export function imageType(): DataType {
  return new Struct([new Field("bytes", new Binary(), true), new Field("path", new Utf8(), true)]);
}
