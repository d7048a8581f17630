import { expect, test } from "bun:test";
import fc from "fast-check";
import type { Point } from "../../src/schema/labels/region.ts";
import { createHitTest } from "../../src/web/canvas/hit-test.ts";
import { areaOf, isInside, shapeOf } from "../../src/web/canvas/shapes.ts";

const box = (x: number, y: number, width: number, height: number): Point[] => [
  [x, y],
  [x + width, y],
  [x + width, y + height],
  [x, y + height],
];

test("of regions that lie on each other the smallest is found", () => {
  const find = createHitTest(
    [box(0, 0, 500, 500), box(100, 100, 50, 20), box(100, 100, 200, 200)].map(shapeOf),
  );
  expect(find(110, 110)).toBe(1);
  expect(find(200, 200)).toBe(2);
  expect(find(400, 400)).toBe(0);
  expect(find(600, 10)).toBeUndefined();
});

test("a line without area is found near it", () => {
  const find = createHitTest([shapeOf(box(10, 10, 100, 0))]);
  expect(find(50, 12, 4)).toBe(0);
  expect(find(50, 30, 4)).toBeUndefined();
});

test("a region of any size and place is found as by looking at each", () => {
  const boxes = fc.array(
    fc.tuple(
      fc.integer({ min: -300, max: 3000 }),
      fc.integer({ min: -300, max: 3000 }),
      fc.integer({ min: 1, max: 6000 }),
      fc.integer({ min: 1, max: 400 }),
    ),
    { minLength: 1, maxLength: 40 },
  );
  fc.assert(
    fc.property(
      boxes,
      fc.integer({ min: 0, max: 3000 }),
      fc.integer({ min: 0, max: 3000 }),
      (given, x, y) => {
        const shapes = given.map(([left, top, width, height]) => shapeOf(box(left, top, width, height)));
        const found = createHitTest(shapes)(x + 0.5, y + 0.5);
        const inside = shapes.filter(({ polygon }) => isInside(polygon, x + 0.5, y + 0.5));
        const smallest = Math.min(...inside.map(({ polygon }) => areaOf(polygon)));
        if (inside.length === 0) expect(found).toBeUndefined();
        else expect(areaOf((shapes[found as number] as (typeof shapes)[number]).polygon)).toBe(smallest);
      },
    ),
  );
});

test("a polygon with a notch does not hold what is in the notch", () => {
  const notched: Point[] = [
    [0, 0],
    [100, 0],
    [100, 100],
    [50, 20],
    [0, 100],
  ];
  expect([isInside(notched, 50, 10), isInside(notched, 50, 60)]).toEqual([true, false]);
});
