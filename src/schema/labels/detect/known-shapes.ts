import { readBox, toNumber } from "../box.ts";
import { readLabelPath } from "../path.ts";
import { SHAPES, type Shape } from "../shapes.ts";
import type { View } from "../view.ts";
import { type BoxPlace, placesOf } from "../view-box.ts";
import { compileFirst, documentNode, isObject, type Node, nodesAt } from "../walk.ts";
import { itemsOf } from "./numbers.ts";
import type { SampledLabel } from "./sample.ts";

export interface MatchedShape {
  shape: Shape;
  /** Rows that have a region or a question of the shape. */
  rows: number;
}

/** The built-in shapes whose keys are in labels of the sample, the most frequent first. */
export function matchShapes(labels: readonly SampledLabel[]): MatchedShape[] {
  return SHAPES.map((shape) => {
    const matches = compileMatch(shape);
    return { shape, rows: labels.filter(({ label }) => matches(label)).length };
  })
    .filter(({ rows }) => rows > 0)
    .sort((a, b) => b.rows - a.rows);
}

/** Whether the keys of a shape lead to a box, or a question, and one of its signs is there. */
function compileMatch({ view, signs, needs }: Shape): (label: unknown) => boolean {
  if (view.items === undefined) return (label) => hasQuestion(view, label);
  const isBoxThere = compileBoxCheck(view);
  const table = needs === undefined ? undefined : readLabelPath(needs);
  return (label) => {
    const root = documentNode(label);
    if (table !== undefined && nodesAt(table, root) === undefined) return false;
    return itemsOf(view, root).some(
      (item) =>
        isBoxThere(root, item) &&
        (signs === undefined || signs.some((sign) => isObject(item.value) && sign in item.value)),
    );
  };
}

function compileBoxCheck(view: View): (root: Node, item: Node) => boolean {
  const checks = placesOf(view).map(compilePlaceCheck);
  return (root, item) => checks.some((isThere) => isThere(root, item));
}

function compilePlaceCheck(place: BoxPlace): (root: Node, item: Node) => boolean {
  const paths = "path" in place ? [place.path] : Object.values(place.parts);
  const values = paths.map((path) => compileFirst(readLabelPath(path)));
  if (!("path" in place))
    return (root, item) =>
      values.every((at) => {
        const value = at(root, item);
        return Array.isArray(value) ? value.length > 2 : !Number.isNaN(toNumber(value));
      });
  // Whether it is inverted is for the readings to say.
  const isOfForm = (value: unknown) => {
    if (value === undefined) return false;
    const read = readBox(value, place.form);
    return !("kind" in read) || read.kind === "box_inverted";
  };
  return (root, item) => isOfForm(values[0]?.(root, item));
}

function hasQuestion({ questions }: View, label: unknown): boolean {
  if (questions === undefined) return false;
  const root = documentNode(label);
  const at = (path: string) => compileFirst(readLabelPath(path));
  return (nodesAt(readLabelPath(questions.items), root) ?? []).some(
    (node) =>
      typeof at(questions.question)(root, node) === "string" &&
      (questions.answers === undefined || at(questions.answers)(root, node) !== undefined),
  );
}
