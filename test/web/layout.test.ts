import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import {
  cellsInView,
  cornerOf,
  MAX_SCROLL,
  placeAfter,
  placeAt,
  shapeGrid,
  topShowing,
} from "../../src/web/grid/layout.ts";

const VIEW = 800;
const shapeOf = (total: number, width = 1000) =>
  shapeGrid({ total, width, minCellWidth: 168, cellHeight: 248 });
const totals = fc.integer({ min: 1, max: 10_000_000 });

describe("the grid", () => {
  test("has as many columns as fit, one at least, and all cells", () => {
    expect(shapeOf(10_000_000).columns).toBe(5);
    expect(shapeOf(7, 100).columns).toBe(1);
    expect(shapeOf(11).height).toBe(3 * 248);
    expect(shapeOf(10_000_000).scrollHeight).toBe(MAX_SCROLL);
  });

  test("shows any cell that is asked for, with few others", () => {
    fc.assert(
      fc.property(totals, fc.double({ min: 0, max: 1, noNaN: true }), (total, share) => {
        const shape = shapeOf(total);
        const index = Math.floor(share * (total - 1));
        const place = placeAt(shape, VIEW, topShowing(shape, VIEW, 0, index));
        const [first, end] = cellsInView(shape, VIEW, place.top, total);
        expect(index >= first && index < end).toBe(true);
        expect(end - first).toBeLessThanOrEqual(40);
        const [x, y] = cornerOf(shape, index);
        expect(y >= place.top - 0.001 && y + 248 <= place.top + VIEW + 0.001).toBe(true);
        expect(x).toBeLessThan(1000);
        expect(place.scrollTop).toBeLessThanOrEqual(shape.scrollHeight);
      }),
    );
  });

  test("a wheel goes as far as it is turned, a dragged bar in proportion, and both ends are reached", () => {
    const shape = shapeOf(10_000_000);
    const middle = placeAt(shape, VIEW, shape.height / 2);
    const wheeled = placeAfter(shape, VIEW, middle, middle.scrollTop + 120);
    expect(wheeled.top - middle.top).toBeCloseTo(120, 3);
    const dragged = placeAfter(shape, VIEW, middle, shape.scrollHeight / 4);
    expect(dragged.top / shape.height).toBeCloseTo(0.25, 3);
    expect(placeAfter(shape, VIEW, wheeled, 0).top).toBe(0);
    expect(placeAfter(shape, VIEW, wheeled, shape.scrollHeight - VIEW).top).toBe(shape.height - VIEW);
  });

  test("a short grid is where its element is", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 1000 }),
        fc.integer({ min: 0, max: 5000 }),
        (total, scrollTop) => {
          const shape = shapeOf(total);
          expect(placeAfter(shape, VIEW, { top: 0, scrollTop: 0 }, scrollTop)).toEqual({
            top: scrollTop,
            scrollTop,
          });
        },
      ),
    );
  });
});
