import type { Bounds, Point } from "../../schema/labels/region.ts";

/** A region as it is drawn and found. */
export interface Shape {
  polygon: readonly Point[];
  bounds: Bounds;
}

/** A region with how it is drawn. */
export interface DrawnRegion extends Shape {
  text: string | null;
  colour: string;
  isHit: boolean;
  isShown: boolean;
  /** Lines for what is missing elsewhere are broken. */
  isDashed?: boolean;
}

export function shapeOf(polygon: readonly Point[]): Shape {
  let [x1, y1, x2, y2] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const [x, y] of polygon) {
    if (x < x1) x1 = x;
    if (x > x2) x2 = x;
    if (y < y1) y1 = y;
    if (y > y2) y2 = y;
  }
  return { polygon, bounds: { x1, y1, x2, y2 } };
}

/** By the shoelace formula; 0 for fewer than three points. */
export function areaOf(polygon: readonly Point[]): number {
  let sum = 0;
  for (let at = 0; at < polygon.length; at++) {
    const [x, y] = polygon[at] as Point;
    const [nextX, nextY] = polygon[(at + 1) % polygon.length] as Point;
    sum += x * nextY - nextX * y;
  }
  return Math.abs(sum) / 2;
}

/** Whether a point is in a polygon, by the number of edges on one side of it. */
export function isInside(polygon: readonly Point[], x: number, y: number): boolean {
  let inside = false;
  for (let at = 0, before = polygon.length - 1; at < polygon.length; before = at++) {
    const [ax, ay] = polygon[at] as Point;
    const [bx, by] = polygon[before] as Point;
    if (ay > y !== by > y && x < ((bx - ax) * (y - ay)) / (by - ay) + ax) inside = !inside;
  }
  return inside;
}
