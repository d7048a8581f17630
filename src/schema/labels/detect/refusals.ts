import { toNumber } from "../box.ts";
import { isLines, LINES_ADVICE } from "../row-label.ts";
import { isObject } from "../walk.ts";
import type { SampledLabel, SampledRow } from "./sample.ts";

/** What kind of labels in the sample views do not read, and what to do; undefined where there is none. */
export function findRefusal(rows: readonly SampledRow[], labels: readonly unknown[]): string | undefined {
  const texts = rows.flatMap(({ cells }) => Object.values(cells).filter((cell) => typeof cell === "string"));
  if (texts.filter(isLines).length * 2 > rows.length) return LINES_ADVICE;
  const isMost = (count: number, of: number) => of > 0 && count * 2 > of;
  const lists = [...labels, ...rows.map(({ cells }) => cells)]
    .map(parallelLists)
    .filter((found) => found !== undefined);
  if (isMost(lists.length, rows.length))
    return `the lists ${lists[0]} run side by side, which views do not read; write one object for each region, {"text": ..., "box": ...}`;
  return undefined;
}

/** `tokens, bboxes`, where an object has lists of equal length, one of them of boxes. */
function parallelLists(value: unknown): string | undefined {
  if (!isObject(value)) return undefined;
  const lists = Object.entries(value).filter((entry): entry is [string, unknown[]] =>
    Array.isArray(entry[1]),
  );
  const boxes = lists.find(([, list]) => list.length > 0 && list.every(isFourNumbers));
  if (boxes === undefined) return undefined;
  const beside = lists.filter(
    ([, list]) => list !== boxes[1] && list.length === boxes[1].length && !list.some(isObject),
  );
  return beside.length === 0 ? undefined : [...beside.map(([name]) => name), boxes[0]].slice(0, 4).join(", ");
}

function isFourNumbers(value: unknown): boolean {
  return Array.isArray(value) && value.length === 4 && value.every((one) => !Number.isNaN(toNumber(one)));
}

/** What is said where no shape and no list was found, or none of them fits. */
export function describeNothing(
  rows: readonly SampledRow[],
  best:
    | { column: string; rows: number; shape: { name: string } | undefined; labels: readonly SampledLabel[] }
    | undefined,
): string {
  const advice = "write a view by hand (`datalake help labels`)";
  if (best === undefined) {
    const columns = [...new Set(rows.flatMap(({ cells }) => Object.keys(cells)))];
    return `no column of the rows holds objects in JSON (they have ${columns.slice(0, 12).join(", ") || "none"}); upload labels as JSON`;
  }
  const { column, shape, labels } = best;
  if (best.rows === 0) {
    const label = labels.map((one) => one.label).find(isObject);
    const keys = label === undefined ? "" : `; its keys are ${Object.keys(label).slice(0, 12).join(", ")}`;
    return `no list of objects with boxes or questions is in the column ${column}${keys}; ${advice}`;
  }
  const what = shape === undefined ? "boxes" : `boxes of the shape ${shape.name}`;
  return `${best.rows} of ${labels.length} labels have ${what}, but they fit on their pages in no form and no unit; check that labels and pages belong together, or ${advice}`;
}
