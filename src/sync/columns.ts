import type { Column } from "../schema/columns.ts";
import { mergeColumns } from "../schema/merge-columns.ts";
import { formatType, parseType, type TypeTree } from "../schema/type-tree.ts";
import type { LakeColumn, LakePartition } from "./model.ts";

/** The columns of the table at the target: one type each, which every file of every partition has. */
export interface TableColumns {
  columns: Column[];
  /** Columns that have no such type where files cannot be rewritten. */
  leftOut: string[];
}

/** In a copy files are written in the types of the table: the common one, integers with a sign. */
export function copiedColumns(partitions: readonly LakePartition[]): TableColumns {
  const columns = commonColumns(partitions).map(({ name, type }) => ({ name, type: signedType(type) }));
  return { columns, leftOut: [] };
}

/** Over the lake's own files a column must have one type everywhere, and one that the target reads. */
export function sharedColumns(partitions: readonly LakePartition[]): TableColumns {
  const types = new Map<string, Set<string>>();
  for (const columns of listsOf(partitions)) {
    for (const { name, type, isEmpty } of columns) {
      if (!isEmpty) types.set(name, (types.get(name) ?? new Set()).add(type));
    }
  }
  const columns: Column[] = [];
  const leftOut: string[] = [];
  for (const { name, type } of commonColumns(partitions)) {
    const [own = type, ...others] = types.get(name) ?? [type];
    if (others.length > 0 || signedType(own) !== own) leftOut.push(name);
    else columns.push({ name, type: own });
  }
  return { columns, leftOut };
}

/** Partitions share their lists of columns: each is looked at once. */
function listsOf(partitions: readonly LakePartition[]): Set<readonly LakeColumn[]> {
  return new Set(partitions.map(({ columns }) => columns));
}

function commonColumns(partitions: readonly LakePartition[]): Column[] {
  const parts = Array.from(listsOf(partitions), (columns) => ({
    rows: 1,
    columns: columns.map(({ name, type, isEmpty }) => ({ name, type, nulls: isEmpty ? 1 : 0 })),
  }));
  return mergeColumns(parts);
}

const SIGNED: Record<string, string> = {
  UTINYINT: "SMALLINT",
  USMALLINT: "INTEGER",
  UINTEGER: "BIGINT",
  UBIGINT: "DECIMAL(20,0)",
};

/**
 * A DuckDB type with integers that Hive has: unsigned ones as the next larger with a sign, within lists and structs
 * too.
 */
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

/** Columns of a partition whose files hold another type than the table: they are rewritten. */
export function castsOf(
  { columns }: Pick<LakePartition, "columns">,
  table: ReadonlyMap<string, string>,
): readonly Column[] {
  const casts = columns.filter(({ name, type, isEmpty }) => !isEmpty && table.get(name) !== type);
  return casts.length === 0 ? NONE : casts.map(({ name, type }) => ({ name, type: table.get(name) ?? type }));
}

const NONE: readonly Column[] = [];
