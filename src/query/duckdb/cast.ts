import { listLevels } from "../../schema/open-types.ts";
import { formatType, parseType } from "../../schema/type-tree.ts";
import { FRACTION, fractionText, jsonOf } from "./json-text.ts";

/**
 * SQL of a value of one type in another that holds it: what merge-columns.ts makes of two. A list or a struct is JSON where
 * that is text: what the engine writes of `['a, b']` is that of `['a', 'b']` too. NaN in it is a text, as in answers.
 */
export function castValue(sql: string, from: string, to: string): string {
  if (from === to) return sql;
  if (to === "VARCHAR" && FRACTION.test(from)) return fractionText(sql);
  const [list, lists] = [parseType(from), parseType(to)];
  if (list.kind === "list" && lists.kind === "list") {
    const x = `x${listLevels(from)}`;
    const each = castValue(x, formatType(list.element), formatType(lists.element));
    if (each !== `CAST(${x} AS ${formatType(lists.element)})`)
      return `list_transform(${sql}, lambda ${x}: ${each})`;
  }
  if (!isJsonIn(from, to)) return `CAST(${sql} AS ${to})`;
  return `CAST(${jsonOf(parseType(from), sql, "text")} AS VARCHAR)`;
}

/** Whether values of a type are JSON where they stand in a column of another. */
export function isJsonIn(from: string, to: string): boolean {
  return to === "VARCHAR" && parseType(from).kind !== "scalar";
}
