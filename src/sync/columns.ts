import { formatType, mergeColumns, parseType, type TypeTree } from "../schema/column-types.ts";
import type { Column } from "../schema/columns.ts";
import type { LakePartition } from "./model.ts";

/** The columns of the table at the target: one type each, which every file of every partition has. */
export interface TableColumns {
  columns: Column[];
  /** Columns that have no such type where files cannot be written anew. */
  leftOut: string[];
}

/** In a copy files are written in the types of the table: the common one, integers with a sign. */
export function copiedColumns(partitions: readonly LakePartition[]): TableColumns {
  const columns = mergeColumns(partitions).map(({ name, type }) => ({ name, type: signedType(type) }));
  return { columns, leftOut: [] };
}

/** Over the lake's own files a column must have one type everywhere, and one that the target reads. */
export function sharedColumns(partitions: readonly LakePartition[]): TableColumns {
  const types = new Map<string, Set<string>>();
  for (const { columns, rows } of partitions) {
    for (const { name, type, nulls } of columns) {
      if (nulls < rows) types.set(name, (types.get(name) ?? new Set()).add(type));
    }
  }
  const columns: Column[] = [];
  const leftOut: string[] = [];
  for (const { name, type } of mergeColumns(partitions)) {
    const [own = type, ...others] = types.get(name) ?? [type];
    if (others.length > 0 || signedType(own) !== own) leftOut.push(name);
    else columns.push({ name, type: own });
  }
  return { columns, leftOut };
}

const SIGNED: Record<string, string> = {
  UTINYINT: "SMALLINT",
  USMALLINT: "INTEGER",
  UINTEGER: "BIGINT",
  UBIGINT: "DECIMAL(20,0)",
};

/** A DuckDB type with integers that Hive has: unsigned ones as the next larger with a sign, within lists and structs too. */
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

/** Columns of a partition whose files hold another type than the table: they are written anew. */
export function castsOf(
  { columns, rows }: Pick<LakePartition, "columns" | "rows">,
  table: readonly Column[],
): Column[] {
  const types = new Map(table.map(({ name, type }) => [name, type]));
  return columns
    .filter(({ name, type, nulls }) => nulls < rows && types.get(name) !== type)
    .map(({ name, type }) => ({ name, type: types.get(name) ?? type }));
}
