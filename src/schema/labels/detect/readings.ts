import type { BoxUnit, View } from "../view.ts";
import { type BoxForm, fourNumbersOf, withForm } from "../view-box.ts";
import { findEvidence } from "./evidence.ts";
import { FEW, HALF, judgeView, SOME, stands, type Verdict } from "./judge.ts";
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
 * form and unit are known by its shape: others are tried only where these do not fit.
 */
export function findReadings(
  view: View,
  labels: readonly SampledLabel[],
  isDistinct: boolean,
  known: Known = {},
): JudgedView[] {
  const own = { view, verdict: judgeView(view, labels) };
  if (view.items === undefined) return [own].filter(({ verdict }) => stands(verdict, SOME));
  const isMeant = isDistinct && known.form === undefined && known.unit === undefined;
  if (isMeant && stands(own.verdict, SOME)) return [own];
  const judged = judgeAll(view, labels, known);
  const few = judged.filter(({ verdict }) => stands(verdict, FEW));
  const found = few.length > 0 ? few : judged.filter(({ verdict }) => stands(verdict, SOME));
  return isMeant && stands(own.verdict, HALF) ? [own, ...found] : found;
}

/** Every form, unit and size that the numbers allow. */
function judgeAll(view: View, labels: readonly SampledLabel[], known: Known): JudgedView[] {
  const judge = (views: readonly View[]) =>
    views.map((one) => ({ view: one, verdict: judgeView(one, labels) }));
  const fits = ({ verdict }: JudgedView) => stands(verdict, SOME);
  const forms = formsOf(view, known, labels);
  const inPixels = judge(withForms(view, forms, "px"));
  const units = unitsOf(view, known, labels, inPixels.some(fits));
  const found = judge(units.flatMap((unit) => withForms(view, forms, unit)));
  const size = view.size === undefined && units.includes("px") ? findOwnSize(labels) : undefined;
  if (size !== undefined)
    found.push(...judge(withForms(view, forms, "px").map((one) => withOwnSize(one, size))));
  const isFourNumbers = fourNumbersOf(view) !== undefined;
  if (found.some(fits) || known.form !== undefined || !isFourNumbers) return found;
  return judge(withForms(view, ["cxcywh"], units[0] ?? "px"));
}

/** The forms that four numbers may be of; undefined where the box says its form itself. */
function formsOf(view: View, known: Known, labels: readonly SampledLabel[]): (BoxForm | undefined)[] {
  if (fourNumbersOf(view) === undefined) return [view.form];
  if (known.form !== undefined) return [known.form];
  const evidence = findEvidence(view, labels);
  return evidence === undefined ? ["xyxy", "xywh"] : [evidence];
}

function withForms(view: View, forms: readonly (BoxForm | undefined)[], unit: BoxUnit): View[] {
  const { unit: _unit, ...rest } = view;
  const all = unit === 1 && forms.length === 2 ? [...forms, "cxcywh" as const] : forms;
  const { size, ...sizeless } = rest;
  const base = unit === "px" ? rest : sizeless;
  return all.map((form) => ({ ...withForm<View>(base, form), ...(unit === "px" ? {} : { unit }) }));
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
