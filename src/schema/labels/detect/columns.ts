import { readRowLabel } from "../row-label.ts";
import { LABEL_COLUMN, WHOLE_ROW } from "../view.ts";
import { isObject } from "../walk.ts";
import type { SampledLabel, SampledRow } from "./sample.ts";

/** The columns that may hold labels: objects or lists of some; `label` first, the row as a whole last. */
export function findColumns(rows: readonly SampledRow[]): string[] {
  const names = new Set(rows.flatMap(({ cells }) => Object.keys(cells)));
  const found = [...names].filter((name) => rows.some((row) => isLabel(row, name)));
  found.sort((a, b) => Number(b === LABEL_COLUMN) - Number(a === LABEL_COLUMN));
  // Columns of a question and its answers, as DocVQA has them.
  return rows.some(({ cells }) => typeof cells.question === "string") ? [...found, WHOLE_ROW] : found;
}

/** The labels of a column, with the numbers of their rows in the sample. */
export function labelsIn(rows: readonly SampledRow[], column: string): (SampledLabel & { row: number })[] {
  return rows.flatMap(({ cells, page }, row) => {
    const read = readRowLabel(cells, { column });
    return read !== undefined && "label" in read ? [{ label: read.label, page, row }] : [];
  });
}

/** Whether a column of a row holds an object, or a list of some. */
export function isLabel({ cells }: Pick<SampledRow, "cells">, column: string): boolean {
  const read = readRowLabel(cells, { column });
  if (read === undefined || "fault" in read) return false;
  return isObject(read.label) || (Array.isArray(read.label) && read.label.some(isObject));
}
