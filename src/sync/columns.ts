import type { Column } from "../schema/columns.ts";
import { mergeColumns } from "../schema/merge-columns.ts";
import { formatType, parseType, type TypeTree } from "../schema/type-tree.ts";
import type { LakeColumn, LakePartition } from "./model.ts";

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

/** Partitions share column lists; process each list once. */
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

/** Columns of a partition that must be rewritten to the table's type. */
export function castsOf(
  { columns }: Pick<LakePartition, "columns">,
  table: ReadonlyMap<string, string>,
): readonly Column[] {
  const casts = columns.filter(({ name, type, isEmpty }) => !isEmpty && table.get(name) !== type);
  return casts.length === 0 ? NONE : casts.map(({ name, type }) => ({ name, type: table.get(name) ?? type }));
}

const NONE: readonly Column[] = [];
