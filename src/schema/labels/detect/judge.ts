import type { FaultKind } from "../faults.ts";
import { compileView } from "../read-label.ts";
import type { View } from "../view.ts";
import type { SampledLabel } from "./sample.ts";

/** How a view reads the labels of a sample, in rows. */
export interface Verdict {
  /** Those that it reads. */
  agree: number;
  /** Those that have a region or a question, and no box which cannot be meant so. */
  filled: number;
  /** Those that have one. */
  against: number;
  /** Those that do not agree, by what is wrong with them. */
  faults: Partial<Record<FaultKind, number>>;
}

/** Faults that speak against form, unit or size. */
const OF_BOXES: ReadonlySet<FaultKind> = new Set([
  "box_unreadable",
  "box_inverted",
  "box_outside",
  "no_size",
  "size_turned",
]);
const OF_SHAPE: ReadonlySet<FaultKind> = new Set([
  "no_items",
  "no_object",
  "box_missing",
  "box_rotated",
  "question_no_string",
]);

export function judgeView(view: View, labels: readonly SampledLabel[]): Verdict {
  const read = compileView(view);
  const verdict: Verdict = { agree: 0, filled: 0, against: 0, faults: {} };
  for (const { label, page } of labels) {
    const { regions, questions, faults } = read(label, page);
    const kinds = new Set(
      faults.map(({ kind }) => kind).filter((kind) => OF_BOXES.has(kind) || OF_SHAPE.has(kind)),
    );
    for (const kind of kinds) verdict.faults[kind] = (verdict.faults[kind] ?? 0) + 1;
    if (kinds.size === 0) verdict.agree++;
    if ([...kinds].some((kind) => OF_BOXES.has(kind))) verdict.against++;
    else if (regions.length + questions.length > 0) verdict.filled++;
  }
  return verdict;
}

/** A share of rows that may have a box which is wrong in itself. */
export const FEW = 0.05;
export const SOME = 0.2;
export const HALF = 0.5;

/** Whether the boxes can be meant so, in all rows but this share. */
export function stands({ filled, against }: Verdict, wrongShare: number): boolean {
  return filled > 0 && against <= Math.floor((filled + against) * wrongShare);
}
