import type { Finding } from "./faults.ts";
import type { Bounds, Point } from "./region.ts";
import type { BoxForm } from "./view-box.ts";
import { isObject } from "./walk.ts";

/** Where a region is in the label's own units: a box or a polygon. */
export type Place = Bounds | readonly Point[];

/** A place, or what is wrong with it. */
export type BoxResult = { place: Place } | Finding;

/** A number, or a text that is one as written in decimal; else NaN. */
export function toNumber(value: unknown): number {
  if (typeof value === "number") return Number.isFinite(value) ? value : Number.NaN;
  if (typeof value === "string" && /^\s*[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?\s*$/.test(value))
    return Number(value);
  return Number.NaN;
}

/** Reads the value at a view's `box`, in one of the forms. */
export function readBox(value: unknown, form: BoxForm): BoxResult {
  if (form === "poly") return readPolygon(value);
  if (!Array.isArray(value) || value.length !== 4) return unreadable(value, `four numbers (${form})`);
  return readFour(value.map(toNumber), form, value);
}

/** Four numbers of a form; NaN is none. `given` is what they came from, for the message. */
export function readFour(
  numbers: readonly number[],
  form: Exclude<BoxForm, "poly">,
  given: unknown,
): BoxResult {
  const [a = Number.NaN, b = Number.NaN, c = Number.NaN, d = Number.NaN] = numbers;
  if (Number.isNaN(a + b + c + d)) return unreadable(given, `four numbers (${form})`);
  const [x1, y1] = form === "cxcywh" ? [a - c / 2, b - d / 2] : [a, b];
  const [x2, y2] = form === "xyxy" ? [c, d] : [x1 + c, y1 + d];
  if (x2 < x1 || y2 < y1) {
    const what = form === "xyxy" ? "x2 < x1 or y2 < y1" : "its width or height is negative";
    return { kind: "box_inverted", message: `the box ${show(given)} ends before it begins (${what})` };
  }
  return { place: { x1, y1, x2, y2 } };
}

/** Corners of the polygon in place of an ellipse: a multiple of four, which touches its bounds. */
const ELLIPSE_POINTS = 32;

/** Middle and radii; NaN is none. */
export function readEllipse(numbers: readonly number[], given: unknown): BoxResult {
  const [cx = Number.NaN, cy = Number.NaN, rx = Number.NaN, ry = Number.NaN] = numbers;
  if (Number.isNaN(cx + cy + rx + ry)) return unreadable(given, "four numbers (an ellipse)");
  if (rx < 0 || ry < 0)
    return { kind: "box_inverted", message: `the ellipse ${show(given)} has a radius below 0` };
  const points = Array.from({ length: ELLIPSE_POINTS }, (_, at): Point => {
    const angle = (2 * Math.PI * at) / ELLIPSE_POINTS;
    return [cx + rx * Math.cos(angle), cy + ry * Math.sin(angle)];
  });
  return { place: points };
}

/** Lists of x and of y. */
export function readLists(xs: unknown, ys: unknown): BoxResult {
  if (!Array.isArray(xs) || !Array.isArray(ys) || xs.length !== ys.length)
    return unreadable([xs, ys], "a list of x and one of y, of the same length");
  return fromPoints(
    xs.map((x, at) => [toNumber(x), toNumber(ys[at])]),
    [xs, ys],
  );
}

/** `[[x, y], ...]`, `[{x, y}, ...]`, `[x, y, x, y, ...]`, and either in a list of one polygon. */
function readPolygon(value: unknown): BoxResult {
  if (!Array.isArray(value)) return unreadable(value, "a list of points");
  const [head] = value;
  const isNested = Array.isArray(head) && (Array.isArray(head[0]) || isObject(head[0]) || head.length > 2);
  if (isNested) {
    if (value.length === 1) return readPolygon(head);
    return unreadable(value, `one polygon, not ${value.length}: make a region of each`);
  }
  if (Array.isArray(head))
    return fromPoints(
      value.map((point) => (Array.isArray(point) && point.length === 2 ? point.map(toNumber) : [])),
      value,
    );
  if (isObject(head))
    return fromPoints(
      value.map((point) => (isObject(point) ? [toNumber(point.x), toNumber(point.y)] : [])),
      value,
    );
  if (value.length % 2 !== 0) return unreadable(value, "a list of points");
  const points = Array.from({ length: value.length / 2 }, (_, at) => [
    toNumber(value[2 * at]),
    toNumber(value[2 * at + 1]),
  ]);
  return fromPoints(points, value);
}

export function fromPoints(numbers: readonly number[][], given: unknown): BoxResult {
  const isWhole = numbers.every(([x, y]) => x !== undefined && y !== undefined && !Number.isNaN(x + y));
  if (numbers.length < 3 || !isWhole) return unreadable(given, "at least three points");
  return { place: uncross(numbers as Point[]) };
}

/**
 * Four corners that are listed row by row or column by column, as AI-Hub does, would be an hourglass: they are put in
 * their order around the middle, from the upper left one clockwise. All others stay as they are.
 */
function uncross(points: Point[]): Point[] {
  const [a, b, c, d] = points;
  if (points.length !== 4 || !a || !b || !c || !d) return points;
  if (!cross(a, b, c, d) && !cross(b, c, d, a)) return points;
  const [mx, my] = [(a[0] + b[0] + c[0] + d[0]) / 4, (a[1] + b[1] + c[1] + d[1]) / 4];
  const around = [...points].sort(
    (p, q) => Math.atan2(p[1] - my, p[0] - mx) - Math.atan2(q[1] - my, q[0] - mx),
  );
  const start = around.reduce((best, [x, y], at) => {
    const [bx, by] = around[best] as Point;
    return x + y < bx + by ? at : best;
  }, 0);
  return [...around.slice(start), ...around.slice(0, start)];
}

/** Whether the segments p-q and r-s cross inside. */
function cross(p: Point, q: Point, r: Point, s: Point): boolean {
  const side = (a: Point, b: Point, c: Point) =>
    Math.sign((b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]));
  return side(p, q, r) * side(p, q, s) < 0 && side(r, s, p) * side(r, s, q) < 0;
}

function unreadable(given: unknown, wanted: string): BoxResult {
  return { kind: "box_unreadable", message: `the box ${show(given)} is not ${wanted}` };
}

/** A value for a message. */
export function show(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length <= 60 ? text : `${text.slice(0, 60)}…`;
}
