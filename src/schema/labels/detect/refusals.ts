import { toNumber } from "../box.ts";
import { compileView } from "../read-label.ts";
import { isLines, LINES_ADVICE } from "../row-label.ts";
import type { Shape } from "../shapes.ts";
import { type View, WHOLE_ROW } from "../view.ts";
import { isObject } from "../walk.ts";
import { findColumns, labelsIn } from "./columns.ts";
import type { SampledLabel, SampledRow } from "./sample.ts";

/** What kind of labels in the sample views do not read, and what to do; undefined where there is none. */
export function findRefusal(rows: readonly SampledRow[]): string | undefined {
  const texts = rows.flatMap(({ cells }) => Object.values(cells).filter((cell) => typeof cell === "string"));
  if (texts.filter(isLines).length * 2 > rows.length) return LINES_ADVICE;
  const isMost = (count: number, of: number) => of > 0 && count * 2 > of;
  const columns = [...findColumns(rows), WHOLE_ROW];
  const lists = rows.flatMap((row) => {
    const labels = columns.flatMap((column) => labelsIn([row], column));
    return labels.map(({ label }) => findParallel(label)).find((found) => found !== undefined) ?? [];
  });
  if (isMost(lists.length, rows.length))
    return `the lists ${lists[0]} run side by side, which views do not read; write one object for each region, {"text": ..., "box": ...}`;
  return undefined;
}

/** In the object, or in one right below it, as `objects` of Hugging Face. */
function findParallel(value: unknown): string | undefined {
  if (!isObject(value)) return undefined;
  for (const one of [value, ...Object.values(value)]) {
    const found = parallelLists(one);
    if (found !== undefined) return found;
  }
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

interface Best {
  column: string;
  /** Labels with a region or a question. */
  rows: number;
  shape: Shape | undefined;
  /** Where they are. */
  view: View | undefined;
  labels: readonly SampledLabel[];
  mixed?: string | undefined;
}

const ADVICE = "write a view by hand (`datalake help labels`)";

/** What is said where no shape and no list was found, or none of them fits. */
export function describeNothing(rows: readonly SampledRow[], best: Best | undefined): string {
  if (best === undefined) {
    const columns = [...new Set(rows.flatMap(({ cells }) => Object.keys(cells)))];
    return `no column of the rows holds objects in JSON (they have ${columns.slice(0, 12).join(", ") || "none"}); upload labels as JSON`;
  }
  const { column, shape, labels, view } = best;
  if (view === undefined || best.rows === 0) {
    const label = labels.map((one) => one.label).find(isObject);
    const keys = label === undefined ? "" : `; its keys are ${Object.keys(label).slice(0, 12).join(", ")}`;
    return `no list of objects with boxes or questions is in the column ${column}${keys}; ${ADVICE}`;
  }
  if (best.mixed !== undefined)
    return `the labels have several shapes: ${best.mixed}, of ${labels.length} rows; select the partitions of one of them`;
  const what = shape === undefined ? `boxes at ${view.items}` : `the shape ${shape.name}`;
  const read = compileView(view);
  const fault = labels.flatMap(({ label, page }) => read(label, page).faults)[0];
  const first = fault === undefined ? "" : ` (first: ${fault.at}: ${fault.message})`;
  return `${best.rows} of ${labels.length} labels have ${what}, but they fit on their pages in no form and no unit${first}; check that labels and pages belong together, or ${ADVICE}`;
}

/** `coco in 30 rows, boxes at $.words in 20 rows`. */
export function describeMixture(
  matched: readonly { shape: Shape; rows: number }[],
  lists: readonly { view: View; rows: number }[],
): string {
  const known = new Set(matched.map(({ shape }) => shape.view.items));
  const shapes = matched.map(({ shape, rows }) => ({ name: shape.name, rows }));
  const others = lists
    .filter(({ view }) => !known.has(view.items))
    .map(({ view, rows }) => ({
      name: view.items === undefined ? "questions" : `boxes at ${view.items}`,
      rows,
    }));
  return [...shapes, ...others]
    .sort((a, b) => b.rows - a.rows)
    .slice(0, 6)
    .map(({ name, rows }) => `${name} in ${rows}`)
    .join(", ");
}
