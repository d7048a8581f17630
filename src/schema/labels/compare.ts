import { boundsOf, type Point } from "./region.ts";

/** What comparing needs of a region. */
export interface ComparedRegion {
  polygon: readonly Point[] | readonly (readonly [number, number])[];
  text: string | null;
  category: string | null;
}

export const DIFFERENCE_KINDS = ["missing", "extra", "text", "category", "moved", "order"] as const;
export type DifferenceKind = (typeof DIFFERENCE_KINDS)[number];

/** A region that is not the same in both label sets. Indexes are those of the two lists; null where it is in one only. */
export interface Difference {
  kind: DifferenceKind;
  a: number | null;
  b: number | null;
  /** Intersection over union of the boxes; of those in both. */
  iou: number | null;
  /** Of a changed text: letters to insert, delete or replace. */
  edits: number | null;
}

export interface Comparison {
  /** Regions that are in both, by index. */
  pairs: { a: number; b: number; iou: number }[];
  /** In the order of `a`, then what `b` has besides. */
  differences: Difference[];
}

/** Boxes that overlap less are not the same region. */
const SAME_IOU = 0.5;
/** Boxes of one region that overlap less were moved. */
const MOVED_IOU = 0.9;

interface Box {
  index: number;
  x1: number;
  y1: number;
  x2: number;
  y2: number;
}

/**
 * Pairs the regions of two label sets of one page, the best overlaps first, and lists what differs: in one only (`missing`
 * in b, `extra` in b), another text or category, a moved box, another place in the reading order.
 */
export function compareRegions(a: readonly ComparedRegion[], b: readonly ComparedRegion[]): Comparison {
  const pairs = pairRegions(a.map(boxOf), b.map(boxOf));
  const differences: Difference[] = [];
  const paired = new Map(pairs.map((pair) => [pair.a, pair]));
  const outOfOrder = findOutOfOrder(pairs);
  for (const [index, region] of a.entries()) {
    const pair = paired.get(index);
    if (pair === undefined) {
      differences.push({ kind: "missing", a: index, b: null, iou: null, edits: null });
      continue;
    }
    const other = b[pair.b];
    if (other === undefined) continue;
    const found = (kind: DifferenceKind, edits: number | null = null) =>
      differences.push({ kind, ...pair, edits });
    const [text, otherText] = [normal(region.text), normal(other.text)];
    if (text !== otherText) found("text", editDistance(text, otherText));
    if (region.category !== other.category) found("category");
    if (pair.iou < MOVED_IOU) found("moved");
    if (outOfOrder.has(index)) found("order");
  }
  const taken = new Set(pairs.map((pair) => pair.b));
  for (const index of b.keys()) {
    if (!taken.has(index)) differences.push({ kind: "extra", a: null, b: index, iou: null, edits: null });
  }
  return { pairs, differences };
}

function boxOf({ polygon }: ComparedRegion, index: number): Box {
  return { index, ...boundsOf(polygon as readonly Point[]) };
}

function normal(text: string | null): string {
  return (text ?? "").normalize("NFC");
}

/** Candidates are found by a sweep from the top: of a page of words few lie beside each other. */
function pairRegions(a: readonly Box[], b: readonly Box[]): Comparison["pairs"] {
  const byTop = b.toSorted((one, other) => one.y1 - other.y1);
  const tallest = Math.max(0, ...b.map(({ y1, y2 }) => y2 - y1));
  const candidates: Comparison["pairs"] = [];
  for (const box of a) {
    for (let at = firstBelow(byTop, box.y1 - tallest); at < byTop.length; at++) {
      const other = byTop[at] as Box;
      if (other.y1 > box.y2) break;
      const iou = overlapOf(box, other);
      if (iou >= SAME_IOU) candidates.push({ a: box.index, b: other.index, iou });
    }
  }
  candidates.sort((one, other) => other.iou - one.iou || one.a - other.a || one.b - other.b);
  const [usedA, usedB] = [new Set<number>(), new Set<number>()];
  const pairs: Comparison["pairs"] = [];
  for (const pair of candidates) {
    if (usedA.has(pair.a) || usedB.has(pair.b)) continue;
    usedA.add(pair.a);
    usedB.add(pair.b);
    pairs.push(pair);
  }
  return pairs.sort((one, other) => one.a - other.a);
}

function firstBelow(byTop: readonly Box[], y: number): number {
  let [low, high] = [0, byTop.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((byTop[middle] as Box).y1 < y) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Intersection over union; equal boxes without an area are one. */
function overlapOf(a: Box, b: Box): number {
  const width = Math.min(a.x2, b.x2) - Math.max(a.x1, b.x1);
  const height = Math.min(a.y2, b.y2) - Math.max(a.y1, b.y1);
  if (width < 0 || height < 0) return 0;
  const common = width * height;
  const union = areaOf(a) + areaOf(b) - common;
  if (union === 0) return a.x1 === b.x1 && a.y1 === b.y1 && a.x2 === b.x2 && a.y2 === b.y2 ? 1 : 0;
  return common / union;
}

function areaOf({ x1, y1, x2, y2 }: Box): number {
  return (x2 - x1) * (y2 - y1);
}

/** Pairs that are not in the longest run that both sets read in one order. */
function findOutOfOrder(pairs: Comparison["pairs"]): Set<number> {
  // Longest increasing subsequence of b's places, in the order of a.
  const tails: number[] = [];
  const before: number[] = [];
  for (const [at, pair] of pairs.entries()) {
    let [low, high] = [0, tails.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((pairs[tails[middle] as number]?.b ?? 0) < pair.b) low = middle + 1;
      else high = middle;
    }
    before[at] = low > 0 ? (tails[low - 1] as number) : -1;
    tails[low] = at;
  }
  const inOrder = new Set<number>();
  for (let at = tails.at(-1) ?? -1; at >= 0; at = before[at] ?? -1) inOrder.add(at);
  return new Set(pairs.flatMap(({ a }, at) => (inOrder.has(at) ? [] : [a])));
}

/** Texts beyond this are compared by their lengths and whether they are equal. */
const MAX_EDIT_CHARS = 2000;

/** Letters to insert, delete or replace to make one text the other. */
export function editDistance(a: string, b: string): number {
  const [from, to] = [Array.from(a), Array.from(b)];
  if (from.length > MAX_EDIT_CHARS || to.length > MAX_EDIT_CHARS) {
    return a === b ? 0 : Math.max(1, Math.abs(from.length - to.length));
  }
  let row = Array.from({ length: to.length + 1 }, (_, at) => at);
  for (const [at, letter] of from.entries()) {
    const next = [at + 1];
    for (const [column, other] of to.entries()) {
      const replaced = (row[column] as number) + (letter === other ? 0 : 1);
      next.push(Math.min(replaced, (row[column + 1] as number) + 1, (next[column] as number) + 1));
    }
    row = next;
  }
  return row[to.length] as number;
}
