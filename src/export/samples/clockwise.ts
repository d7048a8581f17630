import type { Point } from "../../schema/labels/region.ts";

/** A polygon clockwise as one sees it (y grows downwards), from its upper left corner; undefined where it has no area. */
export function clockwise(polygon: readonly Point[]): Point[] | undefined {
  const area = signedArea(polygon);
  if (Math.abs(area) < 1e-6) return undefined;
  const points = area > 0 ? [...polygon] : polygon.toReversed();
  const sums = points.map(([x, y]) => x + y);
  const first = sums.indexOf(Math.min(...sums));
  return [...points.slice(first), ...points.slice(0, first)];
}

/** In square pixels; positive for a polygon that goes clockwise as one sees it. */
export function signedArea(polygon: readonly Point[]): number {
  let doubled = 0;
  let [lastX, lastY] = polygon.at(-1) ?? [0, 0];
  for (const [x, y] of polygon) {
    doubled += lastX * y - x * lastY;
    lastX = x;
    lastY = y;
  }
  return doubled / 2;
}
