import { show, toNumber } from "./box.ts";
import type { Finding } from "./faults.ts";

/** A word of a region that was read, or why it could not be. */
export type Word = { word: string | null } | Finding;

/** A text: a string, or a list of one (Label Studio). */
export function readText(value: unknown): Word {
  if (value === undefined) return { word: null };
  if (typeof value === "string") return { word: value };
  if (Array.isArray(value)) {
    if (value.length > 1)
      return { kind: "text_several", message: `${value.length} texts ${show(value)} in place of one` };
    return value.length === 0 ? { word: null } : readText(value[0] ?? undefined);
  }
  return { kind: "text_no_string", message: `the text ${show(value)} is no string` };
}

/** A category: its name, or its id, for which `names` has the name. */
export function readCategory(
  value: unknown,
  names: ReadonlyMap<string, string> | undefined,
  known: ReadonlySet<string> | undefined,
): Word {
  if (value === undefined) return { word: null };
  if (Array.isArray(value)) {
    if (value.length > 1)
      return {
        kind: "category_several",
        message: `${value.length} categories ${show(value)} in place of one`,
      };
    return value.length === 0 ? { word: null } : readCategory(value[0] ?? undefined, names, known);
  }
  if (typeof value !== "string" && typeof value !== "number")
    return { kind: "category_no_name", message: `the category ${show(value)} is neither a name nor an id` };
  const id = String(value);
  const name = names === undefined ? id : names.get(id);
  if (name === undefined)
    return { kind: "category_unknown", message: `the category ${show(value)} is not in the table of names` };
  if (known !== undefined && !known.has(name))
    return {
      kind: "category_unknown",
      message: `the category ${show(name)} is none of the view's categories`,
    };
  return { word: name };
}

/** A place in the reading order: a whole number. */
export function readOrder(value: unknown): number | undefined {
  const order = toNumber(value);
  return Number.isInteger(order) ? order : undefined;
}

/** What tells regions of one group, or of one page, from others. */
export function readMark(value: unknown): string | number | null {
  return typeof value === "string" || typeof value === "number" ? value : null;
}
