import { type DataType, type Field, type Schema, Type } from "apache-arrow";
import { AppError } from "../../errors.ts";

/** Buffers of a column of bytes in every batch of a schema, by their place in the batch. */
export interface BytesColumn {
  /** Validity bitmaps of the column and, in a struct, of its bytes: a cell is there when all say so. */
  validity: number[];
  offsets: number;
  data: number;
  /** Width of an offset in bytes: 4, or 8 for large types. */
  offsetBytes: 4 | 8;
}

/**
 * Where a batch keeps the bytes of a top-level column that is binary or struct<bytes, ...>; undefined when it is neither.
 * Throws `unsupported_format` where buffers before it cannot be counted (views, unions).
 */
export function findBytesColumn(schema: Schema, name: string): BytesColumn | undefined {
  let at = 0;
  for (const field of schema.fields) {
    if (field.name === name) return describeColumn(field, at);
    at += bufferCount(field.type, field.name);
  }
  return undefined;
}

function describeColumn(field: Field, at: number): BytesColumn | undefined {
  const own = binaryColumn(field.type, at);
  if (own) return own;
  if (field.type.typeId !== Type.Struct) return undefined;
  let next = at + 1;
  for (const child of field.type.children as Field[]) {
    if (child.name === "bytes") {
      const bytes = binaryColumn(child.type, next);
      return bytes && { ...bytes, validity: [at, ...bytes.validity] };
    }
    next += bufferCount(child.type, field.name);
  }
  return undefined;
}

function binaryColumn(type: DataType, at: number): BytesColumn | undefined {
  if (type.typeId !== Type.Binary && type.typeId !== Type.LargeBinary) return undefined;
  const offsetBytes = type.typeId === Type.LargeBinary ? 8 : 4;
  return { validity: [at], offsets: at + 1, data: at + 2, offsetBytes };
}

/** Buffers that a column takes in a batch, its children's included. Format: arrow/docs/format/Columnar.rst, "Buffer Listing". */
function bufferCount(type: DataType, column: string): number {
  const children = (type.children ?? []) as Field[];
  const below = children.reduce((total, child) => total + bufferCount(child.type, column), 0);
  switch (type.typeId) {
    case Type.Null:
      return 0;
    case Type.Struct:
    case Type.FixedSizeList:
      return 1 + below;
    case Type.List:
    case Type.LargeList:
    case Type.Map:
      return 2 + below;
    case Type.Utf8:
    case Type.LargeUtf8:
    case Type.Binary:
    case Type.LargeBinary:
      return 3;
    case Type.Union:
    case Type.BinaryView:
    case Type.Utf8View:
      throw new AppError(
        "unsupported_format",
        `the column ${column} is ${type} and stands before the images; write it as plain strings, or put it behind them`,
        { details: { column } },
      );
    default:
      return 2;
  }
}
