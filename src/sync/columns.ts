import { isJsonIn } from "../query/duckdb/cast.ts";
import type { Column } from "../schema/columns.ts";
import { mergeColumns } from "../schema/merge-columns.ts";
import { formatType, parseType, type TypeTree } from "../schema/type-tree.ts";
import type { CastColumn, LakeColumn, LakePartition } from "./model.ts";

/** Columns of the target's table, each with one type for all files of all partitions. */
export interface TableColumns {
  columns: Column[];
  /** Columns without a common type, when files cannot be rewritten. */
  leftOut: string[];
}

/** Columns of a copy, whose files are rewritten to common types with signed integers. */
export function copiedColumns(partitions: readonly LakePartition[]): TableColumns {
  const columns = commonColumns(partitions).map(({ name, type }) => ({ name, type: signedType(type) }));
  return { columns, leftOut: [] };
}

/** Columns over the lake's own files: each needs one type everywhere, which the target can read. */
export function sharedColumns(partitions: readonly LakePartition[]): TableColumns {
  const types = new Map<string, { filled: Set<string>; empty: Set<string> }>();
  for (const columns of listsOf(partitions)) {
    for (const { name, type, isEmpty } of columns) {
      const known = types.get(name) ?? { filled: new Set(), empty: new Set() };
      types.set(name, known);
      (isEmpty ? known.empty : known.filled).add(type);
    }
  }
  const columns: Column[] = [];
  const leftOut: string[] = [];
  for (const { name, type } of commonColumns(partitions)) {
    const { filled, empty } = types.get(name) ?? { filled: new Set<string>(), empty: new Set<string>() };
    const [own = type, ...others] = filled;
    const isRead = Array.from(empty).every((other) => readsNulls(other, own));
    if (others.length > 0 || !isRead || signedType(own) !== own) leftOut.push(name);
    else columns.push({ name, type: own });
  }
  return { columns, leftOut };
}

const INTEGER = /^U?(TINY|SMALL|BIG)?INT(EGER)?$/;
const NUMBER = /^(U?(TINY|SMALL|BIG)?INT(EGER)?|FLOAT|DOUBLE|DECIMAL.*)$/;
const OF_INTEGERS = /^((TINY|SMALL|BIG)?INT(EGER)?|FLOAT|DOUBLE|DATE)$/;

/** Whether Trino reads a column of NULLs of type `from` as `to`; others fail with "Unsupported Trino column type". */
function readsNulls(from: string, to: string): boolean {
  if (from === to) return true;
  if (to === "VARCHAR") return NUMBER.test(from) || from === "BLOB";
  return INTEGER.test(from) ? OF_INTEGERS.test(to) : from === "FLOAT" && to === "DOUBLE";
}

/** Partitions share column lists; process each list once. */
function listsOf(partitions: readonly LakePartition[]): Set<readonly LakeColumn[]> {
  return new Set(partitions.map(({ columns }) => columns));
}

function commonColumns(partitions: readonly LakePartition[]): Column[] {
  const parts = Array.from(listsOf(partitions), (columns) => ({
    rows: 1,
    columns: columns.map(({ name, type, isEmpty, open }) => ({ name, type, open, nulls: isEmpty ? 1 : 0 })),
  }));
  return mergeColumns(parts);
}

const SIGNED: Record<string, string> = {
  UTINYINT: "SMALLINT",
  USMALLINT: "INTEGER",
  UINTEGER: "BIGINT",
  UBIGINT: "DECIMAL(20,0)",
};

/** The DuckDB type with Hive's integers: unsigned becomes the next larger signed type, also when nested. */
export function signedType(type: string): string {
  return formatType(signed(parseType(type)));
}

function signed(type: TypeTree): TypeTree {
  if (type.kind === "list") return { kind: "list", element: signed(type.element) };
  if (type.kind === "struct") {
    return { kind: "struct", fields: type.fields.map((field) => ({ ...field, type: signed(field.type) })) };
  }
  return { kind: "scalar", name: SIGNED[type.name] ?? type.name };
}

/** Columns of a partition that must be rewritten to the table's type, empty ones too: the target checks all types. */
export function castsOf(
  { columns }: Pick<LakePartition, "columns">,
  table: ReadonlyMap<string, string>,
): readonly CastColumn[] {
  const casts = columns.filter(({ name, type }) => table.get(name) !== type);
  if (casts.length === 0) return NONE;
  return casts.map(({ name, type, isEmpty }) => {
    const wanted = table.get(name) ?? type;
    const isJson = !isEmpty && isJsonIn(type, wanted);
    return { name, type: wanted, ...(isEmpty && { isEmpty }), ...(isJson && { from: type }) };
  });
}

const NONE: readonly CastColumn[] = [];
