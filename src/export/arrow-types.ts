import {
  Binary,
  Bool,
  type DataType,
  DateDay,
  Field,
  Float32,
  Float64,
  Int8,
  Int16,
  Int32,
  Int64,
  List,
  Struct,
  TimestampMicrosecond,
  Uint8,
  Uint16,
  Uint32,
  Uint64,
  Utf8,
} from "apache-arrow";
import type { TypeTree } from "../schema/column-types.ts";

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

/** The Arrow type of a plain DuckDB type: 32-bit offsets, nullable, list children named `item` as in Arrow C++. */
export function arrowType(type: TypeTree): DataType {
  if (type.kind === "list") return new List(new Field("item", arrowType(type.element), true));
  if (type.kind === "struct") {
    return new Struct(type.fields.map((field) => new Field(field.name, arrowType(field.type), true)));
  }
  return (SCALARS[type.name] ?? (() => new Utf8()))();
}

/** `struct<bytes: binary, path: utf8>`: an image of Hugging Face `datasets`, in this order. */
export function imageType(): DataType {
  return new Struct([new Field("bytes", new Binary(), true), new Field("path", new Utf8(), true)]);
}
