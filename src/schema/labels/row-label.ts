import { show } from "./box.ts";
import type { Fault } from "./faults.ts";
import { LABEL_COLUMN, type View, WHOLE_ROW } from "./view.ts";

/** The values of a row by its columns; JSON is text there. */
export type Cells = Readonly<Record<string, unknown>>;

/** The label of a row, parsed; undefined where the row has none. */
export type RowLabel = { label: unknown } | { fault: Fault } | undefined;

/** Reads the column of the label that a view names. */
export function readRowLabel(cells: Cells, { column = LABEL_COLUMN }: Pick<View, "column">): RowLabel {
  if (column === WHOLE_ROW) return { label: parseCells(cells) };
  const value = cells[column] ?? undefined;
  if (value === undefined || value === "") return undefined;
  if (typeof value !== "string") return { label: value };
  const parsed = parseText(value);
  if (parsed !== undefined) return { label: parsed.value };
  return { fault: { kind: "no_json", at: "$", message: describeText(value) } };
}

/** The row as one object, with JSON of its cells parsed. */
function parseCells(cells: Cells): Record<string, unknown> {
  const entries = Object.entries(cells).map(([name, value]) => {
    const isJson = typeof value === "string" && /^\s*[{[]/.test(value);
    return [name, isJson ? (parseText(value)?.value ?? value) : value];
  });
  return Object.fromEntries(entries);
}

function parseText(text: string): { value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) };
  } catch {
    return undefined;
  }
}

/** A line of ICDAR and its kin: eight or four numbers, then the text. */
const LINE = /^\s*(?:-?\d+(?:\.\d+)?\s*[, \t]\s*){4,8}\S/;

/** Whether a label is lines of text with numbers in front. */
export function isLines(text: string): boolean {
  const lines = text
    .replace(/^\uFEFF/, "")
    .split("\n")
    .filter((line) => line.trim() !== "");
  return lines.length > 0 && lines.every((line) => LINE.test(line));
}

export const LINES_ADVICE =
  'labels in lines of text are not read; write them as JSON, {"lines": [{"quad": [x1, y1, ..., x4, y4], "text": ...}]}, and take the shape sroie';

function describeText(text: string): string {
  return isLines(text) ? LINES_ADVICE : `the label ${show(text)} is no JSON`;
}
