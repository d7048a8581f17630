import { commonType, meetExactly } from "./column-types.ts";
import type { ColumnStats } from "./columns.ts";
import { saidType, type TypedColumn } from "./open-types.ts";
import { parseType } from "./type-tree.ts";

/**
 * Merges the columns of files or partitions in order of first appearance: the common type, or VARCHAR if none
 * holds every value, and the number of rows where a column is NULL or absent. Columns without values are
 * ignored, and open ones take the type of the others.
 */
export function mergeColumns(
  parts: readonly { rows: number; columns: readonly ColumnStats[] }[],
): ColumnStats[] {
  const merged = new Map<
    string,
    TypedColumn & { typed: boolean; values: number; nfc: boolean | undefined }
  >();
  let rows = 0;
  for (const part of parts) {
    rows += part.rows;
    for (const column of part.columns) {
      const values = part.rows - column.nulls;
      const known = merged.get(column.name);
      if (!known) {
        const nfc = column.nfc ?? undefined;
        const { type, open } = column;
        merged.set(column.name, { type, open, typed: values > 0, values, nfc });
        continue;
      }
      if (values > 0) {
        known.nfc = known.typed ? bothKnown(known.nfc, column.nfc) : (column.nfc ?? undefined);
        const met = known.typed ? meet(known, column) : column;
        known.type = met.type;
        known.open = met.open;
        known.typed = true;
        known.values += values;
      }
    }
  }
  return Array.from(merged, ([name, { type, open, values, nfc }]) => ({
    name,
    type,
    nulls: rows - values,
    ...(nfc !== undefined && { nfc }),
    ...(open && { open }),
  }));
}

/** Gives one of both where that is what they make: there are millions. */
function meet(a: TypedColumn, b: TypedColumn): TypedColumn {
  if (a.open && b.open) return a.type.length < b.type.length ? b : a;
  if (!a.open && !b.open) return a.type === b.type ? a : { type: exactType(a.type, b.type) };
  return { type: exactType(saidType(a), saidType(b)) };
}

/** A type that holds every value of both; VARCHAR if there is no other, of lists of single values for each of them. */
function exactType(a: string, b: string): string {
  return (meetExactly(a, b) && commonType(a, b)) || (areLists(a, b) ? "VARCHAR[]" : "VARCHAR");
}

function areLists(...types: string[]): boolean {
  return types.every((type) => {
    const tree = parseType(type);
    return tree.kind === "list" && tree.element.kind === "scalar";
  });
}

function bothKnown(a: boolean | undefined, b: boolean | null | undefined): boolean | undefined {
  if (a === false || b === false) return false;
  return a === true && b === true ? true : undefined;
}
