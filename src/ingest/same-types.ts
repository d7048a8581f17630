import { AppError } from "../errors.ts";
import { commonType, INTEGERS_OF_BOTH, meetExactly } from "../schema/column-types.ts";
import { parseType } from "../schema/type-tree.ts";
import { refuseCaseTwins } from "./column-names.ts";
import type { SourceColumn } from "./input.ts";

/** A file of an input with the types that its columns have in it alone; NULL for one that no value of it gives a type. */
export interface TypedFile {
  path: string;
  columns: readonly Pick<SourceColumn, "name" | "type">[];
}

/**
 * Checks that files of one input may be read as one table, whose columns the engine gives these types. Throws
 * `type_mismatch` naming a column and two files, where a value would be another in the common type, and `invalid_input`
 * for names that differ in case only.
 */
export function checkSameTypes(files: readonly TypedFile[], table: readonly SourceColumn[]): void {
  refuseCaseTwins(files.map(({ path, columns }) => ({ path, names: columns.map(({ name }) => name) })));
  const common = new Map(table.map(({ name, type }) => [name.toLowerCase(), type]));
  const seen = new Map<string, { path: string; type: string }>();
  for (const { path, columns } of files) {
    for (const { name, type } of columns) {
      if (type === "NULL") continue;
      const key = name.toLowerCase();
      const first = seen.get(key);
      if (first === undefined) seen.set(key, { path, type });
      const wanted = common.get(key);
      if (first === undefined || first.type === type || wanted === undefined) continue;
      if ([first.type, type].every((own) => fits(own, wanted))) continue;
      const why = meetExactly(first.type, type)
        ? `${wanted}, as which both would be read, does not hold them exactly`
        : "no type holds the values of both exactly";
      throw new AppError(
        "type_mismatch",
        `the column ${JSON.stringify(name)} is ${first.type} in ${first.path} but ${type} in ${path}, and ${why}; convert one of them, or upload the files separately`,
        { details: { column: name, files: [first.path, path], types: [first.type, type] } },
      );
    }
  }
}

/** Names, in lower case, of the columns to which none of the files that have them gives a type. */
export function untypedColumns(files: readonly Pick<TypedFile, "columns">[]): Set<string> {
  const all = files.flatMap(({ columns }) => columns);
  const typed = new Set(all.filter(({ type }) => type !== "NULL").map(({ name }) => name.toLowerCase()));
  return new Set(all.map(({ name }) => name.toLowerCase()).filter((name) => !typed.has(name)));
}

/**
 * A column without a type, to which the engine gives one of its own (INTEGER). Undefined for objects and maps, of which
 * only members lack it.
 */
export function asUntyped(column: SourceColumn): SourceColumn | undefined {
  let element = parseType(column.type);
  const isList = element.kind === "list";
  while (element.kind === "list") element = element.element;
  if (element.kind !== "scalar" || element.name.includes("(")) return undefined;
  return isList ? { ...column, isOpen: true } : { ...column, type: "NULL" };
}

const TIMES = ["TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP", "TIMESTAMP_NS"];

/** Whether every value of a type is the same in another: in HUGEINT, too, which is stored as that decimal. */
function fits(type: string, table: string): boolean {
  if (type === table) return true;
  const wanted = table.replaceAll(/\bHUGEINT\b/g, INTEGERS_OF_BOTH);
  if (TIMES.includes(type) && TIMES.includes(wanted)) return TIMES.indexOf(type) < TIMES.indexOf(wanted);
  return commonType(type, wanted) === wanted && meetExactly(type, wanted);
}
