import { readLabelPath } from "../path.ts";
import { compileView } from "../read-label.ts";
import { type Bounds, boundsOf } from "../region.ts";
import type { View } from "../view.ts";
import { placesOf } from "../view-box.ts";
import { compileFirst, documentNode } from "../walk.ts";
import { itemsOf } from "./numbers.ts";
import type { SampledLabel } from "./sample.ts";

/** A box that views place differently. */
export interface Example {
  /** Index of its label. */
  at: number;
  /** As the label writes it. */
  box: unknown;
  /** By each of the views, in pixels of the page. */
  bounds: Bounds[];
}

/** Labels that are searched for one. */
const MAX_LABELS = 50;

/** The box on whose place the views differ most; undefined for views of different regions. */
export function findExample(views: readonly View[], labels: readonly SampledLabel[]): Example | undefined {
  const [first] = views;
  if (first?.items === undefined || views.some(({ items }) => items !== first.items)) return undefined;
  const readers = views.map(({ join: _, order: __, ...view }) => compileView(view));
  let best: (Example & { differ: number }) | undefined;
  for (const [at, { label, page }] of labels.slice(0, MAX_LABELS).entries()) {
    const items = itemsOf(first, documentNode(label));
    const read = readers.map((reader) => reader(label, page).regions);
    if (read.some((regions) => regions.length !== items.length)) continue;
    for (const [index, item] of items.entries()) {
      const bounds = read.map((regions) => boundsOf(regions[index]?.polygon ?? []));
      const differ = differenceOf(bounds);
      if (best !== undefined && differ <= best.differ) continue;
      const box = boxOf(first, (path) => compileFirst(readLabelPath(path))(documentNode(label), item));
      best = { at, box, bounds, differ };
    }
  }
  return best;
}

function differenceOf([first, ...others]: readonly Bounds[]): number {
  if (first === undefined) return 0;
  return others.reduce(
    (sum, other) =>
      sum + Math.abs(other.x2 - first.x2) + Math.abs(other.y2 - first.y2) + Math.abs(other.x1 - first.x1),
    0,
  );
}

/** What the label says at the first place that leads to something. */
function boxOf(view: View, valueAt: (path: string) => unknown): unknown {
  for (const place of placesOf(view)) {
    if ("path" in place) {
      const value = valueAt(place.path);
      if (value !== undefined) return value;
      continue;
    }
    const parts = Object.entries(place.parts).map(([part, path]) => [part, valueAt(path)] as const);
    if (parts.some(([, value]) => value !== undefined)) return Object.fromEntries(parts);
  }
  return undefined;
}
