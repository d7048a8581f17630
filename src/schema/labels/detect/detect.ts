import type { Shape } from "../shapes.ts";
import { LABEL_COLUMN, type View } from "../view.ts";
import { fourNumbersOf } from "../view-box.ts";
import { findColumns, labelsIn } from "./columns.ts";
import { findExample } from "./example.ts";
import { matchShapes } from "./known-shapes.ts";
import { findReadings, type JudgedView, type Known } from "./readings.ts";
import { describeMixture, describeNothing, findRefusal } from "./refusals.ts";
import type { Detection, SampledRow } from "./sample.ts";
import { shortenView } from "./shorten.ts";
import { findLists } from "./unknown-lists.ts";

/** How many rows are enough to tell a shape. */
export const SAMPLE_ROWS = 200;

type Labels = ReturnType<typeof labelsIn>;

/** What was found in a column. */
interface Candidate {
  column: string;
  labels: Labels;
  shape: Shape | undefined;
  view: View | undefined;
  /** Labels that have a region or a question of it. */
  rows: number;
  judged: JudgedView[];
  also: string[];
  /** The shapes that there are, where none of them is that of most labels. */
  mixed?: string | undefined;
}

/**
 * Finds the view of sampled labels: a built-in shape by its keys, else any list of objects with boxes. Where the boxes
 * can be meant in several ways, it gives all of them and chooses none; `known` is what a person knows of them.
 */
export function detectView(rows: readonly SampledRow[], known: Known = {}): Detection {
  const columns = findColumns(rows);
  const candidates = columns.map((column) => detectInColumn(column, labelsIn(rows, column), known));
  // The sort is stable: of columns that are alike, the first.
  const [best] = candidates.sort(
    (a, b) => Math.sign(b.judged.length) - Math.sign(a.judged.length) || b.rows - a.rows,
  );
  const found = { sampled: rows.length, labelled: best?.labels.length ?? 0, also: best?.also ?? [] };
  if (best === undefined || best.judged.length === 0) {
    const problem = findRefusal(rows) ?? describeNothing(rows, best);
    return { ...found, readings: [], example: null, problem };
  }
  const { column, labels, shape, judged } = best;
  const views = judged.map(({ view }) => view);
  const example = findExample(views, labels);
  const readings = judged.map(({ view, verdict }, at) => {
    const full = column === LABEL_COLUMN ? view : { ...view, column };
    return {
      view: shortenView(full, shape),
      full,
      shape: shape?.name ?? null,
      form: view.form ?? fourNumbersOf(view)?.form ?? null,
      unit: view.items === undefined ? null : (view.unit ?? ("px" as const)),
      agree: verdict.agree,
      faults: verdict.faults,
      example: example?.bounds[at] ?? null,
    };
  });
  return {
    ...found,
    readings: readings.sort((a, b) => b.agree - a.agree),
    example: example === undefined ? null : { row: labels[example.at]?.row ?? 0, box: example.box },
    problem: null,
  };
}

function detectInColumn(column: string, labels: Labels, known: Known): Candidate {
  const isMost = (rows: number) => rows * 2 > labels.length;
  const base = { column, labels };
  const matched = matchShapes(labels);
  const [match] = matched;
  if (match !== undefined) {
    const { shape, rows } = match;
    const judged = findReadings(shape.view, labels, shape.isDistinct, known);
    const also = matched
      .filter((other) => other !== match && other.rows === rows)
      .map((other) => other.shape.name);
    // A page without regions agrees too, but is no match.
    if (judged.some(({ verdict }) => isMost(verdict.agree)) || isMost(rows))
      return { ...base, shape, view: shape.view, rows, judged, also };
  }
  const lists = findLists(labels);
  const [most] = lists;
  if (most === undefined)
    return { ...base, shape: undefined, view: undefined, rows: 0, judged: [], also: [] };
  const judged = lists
    .filter(({ rows }) => rows === most.rows)
    .flatMap(({ view }) => findReadings(view, labels, false, known))
    .filter(({ verdict }) => isMost(verdict.agree));
  const mixed = isMost(most.rows) ? undefined : describeMixture(matched, lists);
  return { ...base, shape: undefined, view: most.view, rows: most.rows, judged, also: [], mixed };
}
