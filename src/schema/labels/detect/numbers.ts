import { toNumber } from "../box.ts";
import { readLabelPath } from "../path.ts";
import type { View } from "../view.ts";
import { placesOf } from "../view-box.ts";
import { documentNode, isObject, type Node, nodesAt } from "../walk.ts";
import type { SampledLabel } from "./sample.ts";

/** The numbers of all boxes of a sample, as they stand. */
export interface BoxNumbers {
  max: number;
  areWhole: boolean;
  /** Rows that have a box. */
  rows: number;
  /** Every page with a box is longer than this many pixels on both sides. */
  pagesAbove: number;
  /** A region says `original_width`, as Label Studio's do, whose boxes are in percent. */
  arePercent: boolean;
}

export function collectNumbers(view: View, labels: readonly SampledLabel[]): BoxNumbers {
  const found: BoxNumbers = { max: 0, areWhole: true, rows: 0, pagesAbove: Infinity, arePercent: false };
  const paths = placesOf(view)
    .flatMap((place) => ("path" in place ? [place.path] : Object.values(place.parts)))
    .map(readLabelPath);
  for (const { label, page } of labels) {
    let isFilled = false;
    const root = documentNode(label);
    for (const item of itemsOf(view, root)) {
      if (isObject(item.value) && "original_width" in item.value) found.arePercent = true;
      for (const path of paths) {
        for (const { value } of nodesAt(path, root, item) ?? []) {
          for (const number of numbersIn(value)) {
            isFilled = true;
            found.max = Math.max(found.max, Math.abs(number));
            found.areWhole &&= Number.isInteger(number);
          }
        }
      }
    }
    if (!isFilled) continue;
    found.rows++;
    found.pagesAbove = Math.min(found.pagesAbove, page === null ? 0 : Math.min(page.width, page.height));
  }
  return found;
}

export function itemsOf(view: View, root: Node): Node[] {
  if (view.items === undefined) return [];
  return (nodesAt(readLabelPath(view.items), root) ?? []).filter(({ value }) => isObject(value));
}

function numbersIn(value: unknown): number[] {
  const numbers = isObject(value) ? [value.x, value.y] : [value];
  return numbers.map(toNumber).filter((number) => !Number.isNaN(number));
}
