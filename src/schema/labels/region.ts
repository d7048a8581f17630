import type { Fault } from "./faults.ts";

/** In pixels of the upright page: x to the right, y down. */
export type Point = [x: number, y: number];

/** A place of a page. */
export interface Region {
  /** At least three points. Of a box its corners, from the upper left one clockwise. */
  polygon: Point[];
  /** Null where the label says none, or that it cannot be read. */
  text: string | null;
  /** The label marks it as unreadable (`skip` of the view). */
  isUnreadable: boolean;
  category: string | null;
  /** As the label has it; regions are sorted by it. */
  order: number | null;
  /** Regions of one group have the same value. */
  group: string | null;
  page: string | number | null;
}

export interface Question {
  id: string | null;
  question: string;
  answers: string[];
  kinds: string[];
}

/** What a label says, by its view. */
export interface ReadLabel {
  regions: Region[];
  questions: Question[];
  /** What does not fit the view; those without `region` cost a region or the label. */
  faults: Fault[];
  /** Joined objects that hold neither a box nor a text nor a category: they are no regions. */
  skipped: number;
}

/** The page of a label: as it is shown, upright. */
export interface Page {
  /** Pixels. */
  width: number;
  height: number;
  /** EXIF orientation that the image came with, 1 to 8; upright without. */
  orientation?: number | null | undefined;
}

export interface Bounds {
  x1: number;
  y1: number;
  x2: number;
  y2: number;
}

export function boundsOf(polygon: readonly Point[]): Bounds {
  let [x1, y1, x2, y2] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const [x, y] of polygon) {
    if (x < x1) x1 = x;
    if (x > x2) x2 = x;
    if (y < y1) y1 = y;
    if (y > y2) y2 = y;
  }
  return { x1, y1, x2, y2 };
}

/** Corners of a box, from the upper left one clockwise. */
export function cornersOf({ x1, y1, x2, y2 }: Bounds): Point[] {
  return [
    [x1, y1],
    [x2, y1],
    [x2, y2],
    [x1, y2],
  ];
}

/** Whether a polygon is a box with sides along the page's. */
export function isBox(polygon: readonly Point[]): boolean {
  if (polygon.length !== 4) return false;
  const corners = cornersOf(boundsOf(polygon));
  return corners.every(([x, y]) => polygon.some(([px, py]) => px === x && py === y));
}
