import type { BoxForm, BoxUnit, View } from "../view.ts";
import { findEvidence } from "./evidence.ts";
import { judgeView, stands, type Verdict } from "./judge.ts";
import { collectNumbers } from "./numbers.ts";
import { findOwnSize, withOwnSize } from "./own-size.ts";
import type { SampledLabel } from "./sample.ts";

export interface JudgedView {
  view: View;
  verdict: Verdict;
}

/** What a caller knows of the boxes already. */
export interface Known {
  form?: BoxForm | undefined;
  unit?: BoxUnit | undefined;
}

/**
 * The ways in which nearly all boxes of the sample can be meant: one, several, or none. `isDistinct` is of a view whose
 * form and unit are known by its shape; others are tried only where these do not fit.
 */
export function findReadings(
  view: View,
  labels: readonly SampledLabel[],
  isDistinct: boolean,
  known: Known = {},
): JudgedView[] {
  if (view.items === undefined) return standing([view], labels);
  const isOpen = known.form === undefined && known.unit === undefined;
  if (isDistinct && isOpen) {
    const [own] = standing([view], labels);
    if (own !== undefined) return [own];
  }
  const forms = formsOf(view, known, labels);
  const inPixels = standing(withForms(view, forms, "px"), labels);
  const units = unitsOf(view, known, labels, inPixels.length > 0);
  const found = standing(
    units.flatMap((unit) => withForms(view, forms, unit)),
    labels,
  );
  const own = view.size === undefined && units.includes("px") ? findOwnSize(labels) : undefined;
  if (own !== undefined) {
    const sized = withForms(view, forms, "px").map((one) => withOwnSize(one, own));
    found.push(...standing(sized, labels));
  }
  if (found.length > 0 || known.form !== undefined || typeof view.box !== "string") return found;
  return view.form === "poly" ? [] : standing(withForms(view, ["cxcywh"], units[0] ?? "px"), labels);
}

function standing(views: readonly View[], labels: readonly SampledLabel[]): JudgedView[] {
  return views
    .map((view) => ({ view, verdict: judgeView(view, labels) }))
    .filter(({ verdict }) => stands(verdict));
}

/** The forms that four numbers may be of; undefined where the box says its form itself. */
function formsOf(view: View, known: Known, labels: readonly SampledLabel[]): (BoxForm | undefined)[] {
  if (typeof view.box !== "string") return [undefined];
  if (view.form === "poly") return ["poly"];
  if (known.form !== undefined) return [known.form];
  const evidence = findEvidence(view, labels);
  return evidence === undefined ? ["xyxy", "xywh"] : [evidence];
}

function withForms(view: View, forms: readonly (BoxForm | undefined)[], unit: BoxUnit): View[] {
  const { form: _form, unit: _unit, ...rest } = view;
  const all = unit === 1 && forms.length === 2 ? [...forms, "cxcywh" as const] : forms;
  const { size, ...sizeless } = rest;
  const base = unit === "px" ? rest : sizeless;
  return all.map((form) => ({
    ...base,
    ...(form === undefined ? {} : { form }),
    ...(unit === "px" ? {} : { unit }),
  }));
}

/** Fewer rows than this may have small numbers by chance. */
const MANY_ROWS = 20;

/** The units that the numbers can be of. */
function unitsOf(
  view: View,
  { unit }: Known,
  labels: readonly SampledLabel[],
  fitsPixels: boolean,
): BoxUnit[] {
  if (unit !== undefined) return [unit];
  const { max, areWhole, rows, pagesAbove, arePercent } = collectNumbers(view, labels);
  if (arePercent) return [100];
  if (max <= 1) return [1];
  // On pages so much larger, pixels would go beyond these numbers somewhere.
  const isEvery = rows >= MANY_ROWS;
  if (max <= 100 && (!fitsPixels || (isEvery && max > 80 && pagesAbove > 200)))
    return fitsPixels ? ["px", 100] : [100];
  if (max <= 1000 && (!fitsPixels || (isEvery && areWhole && max > 900 && pagesAbove > 1000)))
    return fitsPixels ? ["px", 1000] : [1000];
  return ["px"];
}
