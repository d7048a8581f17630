import { areaOf, isInside, type Shape } from "./shapes.ts";

const CELL = 64;
/** A shape that covers more cells than this is looked at each time. */
const MAX_CELLS = 4096;

/** Finds the shape at a point of the page; of several the smallest, which lies on the others. */
export function createHitTest(
  shapes: readonly Shape[],
): (x: number, y: number, slack?: number) => number | undefined {
  const cells = new Map<string, number[]>();
  const everywhere: number[] = [];
  for (const [index, { bounds }] of shapes.entries()) {
    const [left, right] = [Math.floor(bounds.x1 / CELL), Math.floor(bounds.x2 / CELL)];
    const [top, bottom] = [Math.floor(bounds.y1 / CELL), Math.floor(bounds.y2 / CELL)];
    if (!((right - left + 1) * (bottom - top + 1) <= MAX_CELLS)) {
      everywhere.push(index);
      continue;
    }
    for (let row = top; row <= bottom; row++) {
      for (let column = left; column <= right; column++) {
        const key = `${column} ${row}`;
        const known = cells.get(key);
        if (known) known.push(index);
        else cells.set(key, [index]);
      }
    }
  }
  const areas = shapes.map(({ polygon }) => areaOf(polygon));
  return (x, y, slack = 0) => {
    const near = cells.get(`${Math.floor(x / CELL)} ${Math.floor(y / CELL)}`) ?? [];
    let found: number | undefined;
    for (const index of [...near, ...everywhere]) {
      const { polygon, bounds } = shapes[index] as Shape;
      const isIn =
        isInside(polygon, x, y) ||
        // A line that is too thin to be hit.
        (areas[index] === 0 &&
          x >= bounds.x1 - slack &&
          x <= bounds.x2 + slack &&
          y >= bounds.y1 - slack &&
          y <= bounds.y2 + slack);
      if (isIn && (found === undefined || (areas[index] as number) <= (areas[found] as number)))
        found = index;
    }
    return found;
  };
}
