import { AppError } from "../errors.ts";
import type { Input } from "./input.ts";
import type { PlannedColumn } from "./upload-plan.ts";

/**
 * The input with the text of its files in those columns where the partition that it is added to has text: the cells of
 * CSV have no type of their own, and `01234` in one file makes `51234` in the next a text, too. Undefined where the
 * lake refused the types (`type_mismatch`) for another reason, or the input knows no text.
 */
export function readAsWritten(
  input: Input,
  columns: readonly PlannedColumn[],
  error: unknown,
): Input | undefined {
  const known = new Set(input.columns.map(({ name }) => name));
  const meant = namedColumns(columns, error, "text_columns").filter(({ source }) => known.has(source));
  const written = input.asWritten?.(meant.map(({ source }) => source));
  if (written === undefined) return undefined;
  return { ...input, ...written, notices: [...input.notices, textNotice(meant.map(({ name }) => name))] };
}

/** Those columns that a refusal of types (`type_mismatch`) names as ones that may be read otherwise. */
export function namedColumns(
  columns: readonly PlannedColumn[],
  error: unknown,
  detail: "text_columns" | "json_columns",
): PlannedColumn[] {
  if (!(error instanceof AppError) || error.code !== "type_mismatch") return [];
  const names = error.details?.[detail];
  return Array.isArray(names) ? columns.filter(({ name }) => names.includes(name)) : [];
}

const SHOWN = 5;

function textNotice(names: readonly string[]): string {
  const more = names.length > SHOWN ? ` and ${names.length - SHOWN} more` : "";
  const shown = names.slice(0, SHOWN).join(", ");
  return `the cells of ${shown}${more} are kept as text, as written: the partition has text there`;
}
