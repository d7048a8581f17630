import { boundsOf, type Point, type Region } from "../../schema/labels/region.ts";

/**
 * A region within its page: the same object where it is, a copy with its points at the border where they were beyond it,
 * undefined where nothing of it remains. What rounding makes is mended without a word (`Region` stays itself).
 */
export function clipRegion<Placed extends Region>(
  region: Placed,
  page: { width: number; height: number },
): Placed | undefined {
  const { x1, y1, x2, y2 } = boundsOf(region.polygon);
  if (x1 >= 0 && y1 >= 0 && x2 <= page.width && y2 <= page.height)
    return x1 < x2 && y1 < y2 ? region : undefined;
  const polygon = region.polygon.map(([x, y]): Point => [clamp(x, page.width), clamp(y, page.height)]);
  const clipped = boundsOf(polygon);
  return clipped.x1 < clipped.x2 && clipped.y1 < clipped.y2 ? { ...region, polygon } : undefined;
}

function clamp(value: number, most: number): number {
  return Math.min(Math.max(value, 0), most);
}
