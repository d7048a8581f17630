import type { Place } from "./box.ts";
import { boundsOf, cornersOf, type Page, type Point } from "./region.ts";

/** Turns a place in a label into pixels of the upright page; of a box its corners, from the upper left one clockwise. */
export type Frame = (place: Place) => Point[];

export interface Extent {
  width: number;
  height: number;
}

/**
 * The frame of boxes that were made at `made` (the page's own pixels, another size, or parts of it) on `page`. With
 * `exif` ignored, whoever made them saw the image as its pixels are stored, and they are turned as the page was.
 */
export function createFrame(made: Extent, page: Page, exif: "applied" | "ignored"): Frame {
  const seen = exif === "ignored" ? storedExtent(page) : page;
  const [fx, fy] = [seen.width / made.width, seen.height / made.height];
  const turn = exif === "ignored" ? TURNS[page.orientation ?? 1] : undefined;
  const { width, height } = seen;
  const scale = ([x, y]: Point): Point => [exact(x * fx), exact(y * fy)];
  return (place) => {
    if (isPolygon(place))
      return place.map(turn === undefined ? scale : (point) => turn(...scale(point), width, height));
    const { x1, y1, x2, y2 } = place;
    const box = { x1: exact(x1 * fx), y1: exact(y1 * fy), x2: exact(x2 * fx), y2: exact(y2 * fy) };
    const corners = cornersOf(box);
    if (turn === undefined) return corners;
    return cornersOf(boundsOf(corners.map(([x, y]) => turn(x, y, width, height))));
  };
}

/** Of boxes and polygons that are in pixels of the page already. */
export const AS_IS: Frame = (place) => (isPolygon(place) ? [...place] : cornersOf(place));

function isPolygon(place: Place): place is readonly Point[] {
  return Array.isArray(place);
}

/** Width and height of the page's image before it is turned upright. */
export function storedExtent({ width, height, orientation }: Page): Extent {
  return (orientation ?? 1) >= 5 ? { width: height, height: width } : { width, height };
}

/** EXIF orientations: from a point of the stored image, `w` by `h`, to one of the upright page. */
const TURNS: Record<number, (x: number, y: number, w: number, h: number) => Point> = {
  2: (x, y, w) => [w - x, y],
  3: (x, y, w, h) => [w - x, h - y],
  4: (x, y, _w, h) => [x, h - y],
  5: (x, y) => [y, x],
  6: (x, y, _w, h) => [h - y, x],
  7: (x, y, w, h) => [h - y, w - x],
  8: (x, y, w) => [y, w - x],
};

/** Without the noise of binary fractions: 0.55 * 200 is 110. */
function exact(value: number): number {
  return Math.round(value * 1e4) / 1e4;
}
