import {
  type DataType,
  type Field,
  type FixedSizeList,
  type Schema,
  Type,
  type Union,
  UnionMode,
} from "apache-arrow";

/**
 * Where one batch keeps the cells of a column of bytes, as places in the batch's list of buffers. A cell is there when
 * every validity bitmap says so: the column's own and, in a struct, that of its bytes.
 */
export type BytesColumn = { validity: number[]; list?: ListBuffers } & (
  | { kind: "offsets"; offsets: number; data: number; offsetBytes: 4 | 8 }
  | { kind: "views"; views: number; data: number[] }
);

/** Of a column of lists: which elements each row has. Cells are those of the elements. */
export type ListBuffers =
  | { validity: number; offsets: number; offsetBytes: 4 | 8 }
  | { validity: number; size: number };

/**
 * Finds a top-level column that is binary or struct<bytes, ...>, or a list of such; undefined when it is neither. `variadicCounts` are the
 * batch's own: how many data buffers each view column has. Format: arrow/docs/format/Columnar.rst, "Buffer Listing".
 */
export function findBytesColumn(
  schema: Schema,
  name: string,
  variadicCounts: readonly number[],
): BytesColumn | undefined {
  const walk = { at: 0, variadic: Array.from(variadicCounts) };
  for (const field of schema.fields) {
    if (field.name === name) return describeColumn(field, walk);
    skipColumn(field.type, walk);
  }
  return undefined;
}

interface Walk {
  at: number;
  /** Counts of the view columns still to come. */
  variadic: number[];
}

function describeColumn(field: Field, walk: Walk): BytesColumn | undefined {
  const list = listBuffers(field.type, walk);
  const [element] = list === undefined ? [] : (field.type.children as Field[]);
  if (list === undefined || element === undefined) return describeCells(field, walk);
  const cells = describeCells(element, walk);
  return cells && { ...cells, list };
}

function listBuffers(type: DataType, walk: Walk): ListBuffers | undefined {
  const validity = walk.at;
  switch (type.typeId) {
    case Type.List:
    case Type.LargeList:
      walk.at += 2;
      return { validity, offsets: validity + 1, offsetBytes: type.typeId === Type.List ? 4 : 8 };
    case Type.FixedSizeList:
      walk.at += 1;
      return { validity, size: (type as FixedSizeList).listSize };
    default:
      return undefined;
  }
}

function describeCells(field: Field, walk: Walk): BytesColumn | undefined {
  const own = binaryColumn(field.type, walk);
  if (own) return own;
  if (field.type.typeId !== Type.Struct) return undefined;
  const structValidity = walk.at++;
  for (const child of field.type.children as Field[]) {
    if (child.name !== "bytes") {
      skipColumn(child.type, walk);
      continue;
    }
    const bytes = binaryColumn(child.type, walk);
    return bytes && { ...bytes, validity: [structValidity, ...bytes.validity] };
  }
  return undefined;
}

function binaryColumn(type: DataType, { at, variadic }: Walk): BytesColumn | undefined {
  const validity = [at];
  switch (type.typeId) {
    case Type.Binary:
      return { kind: "offsets", validity, offsets: at + 1, data: at + 2, offsetBytes: 4 };
    case Type.LargeBinary:
      return { kind: "offsets", validity, offsets: at + 1, data: at + 2, offsetBytes: 8 };
    case Type.BinaryView: {
      const data = Array.from({ length: variadic[0] ?? 0 }, (_, index) => at + 2 + index);
      return { kind: "views", validity, views: at + 1, data };
    }
    default:
      return undefined;
  }
}

function skipColumn(type: DataType, walk: Walk): void {
  walk.at += ownBuffers(type, walk);
  for (const child of (type.children ?? []) as Field[]) skipColumn(child.type, walk);
}

function ownBuffers(type: DataType, walk: Walk): number {
  switch (type.typeId) {
    case Type.Null:
      return 0;
    case Type.Struct:
    case Type.FixedSizeList:
      return 1;
    case Type.Union:
      return (type as Union).mode === UnionMode.Dense ? 2 : 1;
    case Type.Utf8:
    case Type.LargeUtf8:
    case Type.Binary:
    case Type.LargeBinary:
      return 3;
    case Type.BinaryView:
    case Type.Utf8View:
      return 2 + (walk.variadic.shift() ?? 0);
    default:
      return 2; // validity, and offsets or values
  }
}

/** What to leave out so that a column's cells are all empty: see readPlainMessage. */
export function blankColumn(column: BytesColumn): [number, "zeros" | "nothing"][] {
  if (column.kind === "offsets")
    return [
      [column.offsets, "zeros"],
      [column.data, "nothing"],
    ];
  return [[column.views, "zeros"], ...column.data.map((index): [number, "nothing"] => [index, "nothing"])];
}
