import type { Bounds } from "../../schema/labels/region.ts";
import type { Spot } from "./camera.ts";

/** A region as it is drawn and found. */
export interface Shape {
  polygon: readonly Spot[];
  bounds: Bounds;
  /** Its polygon is the bounds. */
  isBox: boolean;
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

export function shapeOf(polygon: Shape["polygon"]): Shape {
  let [x1, y1, x2, y2] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const [x, y] of polygon) {
    if (x < x1) x1 = x;
    if (x > x2) x2 = x;
    if (y < y1) y1 = y;
    if (y > y2) y2 = y;
  }
  const isCorner = ([x, y]: Spot) => (x === x1 || x === x2) && (y === y1 || y === y2);
  const isBox = polygon.length === 4 && polygon.every(isCorner) && areaOf(polygon) === (x2 - x1) * (y2 - y1);
  return { polygon, bounds: { x1, y1, x2, y2 }, isBox };
}

/** By the shoelace formula; 0 for fewer than three points. */
export function areaOf(polygon: Shape["polygon"]): number {
  let sum = 0;
  for (let at = 0; at < polygon.length; at++) {
    const [x, y] = polygon[at] as Spot;
    const [nextX, nextY] = polygon[(at + 1) % polygon.length] as Spot;
    sum += x * nextY - nextX * y;
  }
  return Math.abs(sum) / 2;
}

/** Whether a point is in a polygon, by the number of edges on one side of it. */
export function isInside(polygon: Shape["polygon"], x: number, y: number): boolean {
  let inside = false;
  for (let at = 0, before = polygon.length - 1; at < polygon.length; before = at++) {
    const [ax, ay] = polygon[at] as Spot;
    const [bx, by] = polygon[before] as Spot;
    if (ay > y !== by > y && x < ((bx - ax) * (y - ay)) / (by - ay) + ax) inside = !inside;
  }
  return inside;
}
