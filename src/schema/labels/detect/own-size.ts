import { formatJsonPath, type JsonStep } from "../../json-path.ts";
import { toNumber } from "../box.ts";
import type { View } from "../view.ts";
import { isObject } from "../walk.ts";
import type { SampledLabel } from "./sample.ts";

const PAIRS = [
  ["width", "height"],
  ["image_width", "image_height"],
  ["imageWidth", "imageHeight"],
  ["img_w", "img_h"],
  ["image.width", "image.height"],
  ["coco_width", "coco_height"],
] as const;

type Size = [string, string];

/**
 * The paths of the image's size in labels, where it is another than that of most pages: their boxes may be of that
 * size. Undefined where labels tell no size, or the pages'.
 */
export function findOwnSize(labels: readonly SampledLabel[]): { size: Size; isTurned: boolean } | undefined {
  const seen = new Map<string, { size: Size; rows: number; other: number; turned: number }>();
  let pages = 0;
  for (const { label, page } of labels) {
    if (page === null) continue;
    pages++;
    for (const { size, width, height } of sizesIn(label)) {
      const key = size.join();
      const one = seen.get(key) ?? { size, rows: 0, other: 0, turned: 0 };
      seen.set(key, one);
      one.rows++;
      if (width === page.width && height === page.height) continue;
      one.other++;
      if (width === page.height && height === page.width && (page.orientation ?? 1) >= 5) one.turned++;
    }
  }
  const [found] = [...seen.values()].sort((a, b) => b.rows - a.rows);
  if (found === undefined || found.rows * 2 <= pages || found.other * 2 <= found.rows) return undefined;
  return { size: found.size, isTurned: found.turned * 2 > found.rows };
}

/** Sizes of the document itself, or of an object or a list of one right below it. */
function sizesIn(label: unknown): { size: Size; width: number; height: number }[] {
  if (!isObject(label)) return [];
  const places: { steps: JsonStep[]; value: unknown }[] = [{ steps: [], value: label }];
  for (const [key, value] of Object.entries(label)) {
    const one = Array.isArray(value) && value.length === 1 ? value[0] : value;
    places.push({ steps: [{ key }], value: one });
    if (!isObject(one)) continue;
    for (const [inner, below] of Object.entries(one))
      places.push({ steps: [{ key }, { key: inner }], value: below });
  }
  return places.flatMap(({ steps, value }) => {
    if (!isObject(value) || "x" in value || "bbox" in value || "text" in value) return [];
    return PAIRS.flatMap(([w, h]) => {
      const [width, height] = [toNumber(value[w]), toNumber(value[h])];
      if (!(width > 0 && height > 0)) return [];
      const size = [w, h].map((key) => formatJsonPath([...steps, { key }])) as Size;
      return [{ size, width, height }];
    });
  });
}

/** A view for boxes of that size. */
export function withOwnSize(view: View, own: { size: Size; isTurned: boolean }): View {
  return own.isTurned ? { ...view, exif: "ignored" } : { ...view, size: own.size };
}
