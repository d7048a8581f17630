import { expect, test } from "bun:test";
import fc from "fast-check";
import {
  type Camera,
  fitCamera,
  isInView,
  matrixOf,
  showBox,
  toPage,
  toView,
  turnCamera,
  zoomAt,
} from "../../src/web/canvas/camera.ts";

const PAGE = { width: 2480, height: 3508 };
const VIEW = { width: 900, height: 600 };
const cameras = fc.record({
  turn: fc.constantFrom(0, 1, 2, 3) as fc.Arbitrary<Camera["turn"]>,
  scale: fc.double({ min: 0.05, max: 20, noNaN: true }),
  x: fc.double({ min: -5000, max: 5000, noNaN: true }),
  y: fc.double({ min: -5000, max: 5000, noNaN: true }),
});
const spots = fc.tuple(fc.integer({ min: 0, max: 2480 }), fc.integer({ min: 0, max: 3508 }));

test("a spot of the page is found again where it is shown, and drawn there", () => {
  fc.assert(
    fc.property(cameras, spots, (camera, [x, y]) => {
      const shown = toView(camera, PAGE, [x, y]);
      const back = toPage(camera, PAGE, shown);
      expect(Math.hypot(back[0] - x, back[1] - y)).toBeLessThan(1e-6);
      const [a, b, c, d, e, f] = matrixOf(camera, PAGE);
      expect(Math.hypot(a * x + c * y + e - shown[0], b * x + d * y + f - shown[1])).toBeLessThan(1e-6);
    }),
  );
});

test("what is under the pointer stays there while it zooms", () => {
  fc.assert(
    fc.property(cameras, spots, fc.double({ min: 0.2, max: 5, noNaN: true }), (camera, at, factor) => {
      const under = toPage(camera, PAGE, at);
      const after = toView(zoomAt(camera, at, factor), PAGE, under);
      expect(Math.hypot(after[0] - at[0], after[1] - at[1])).toBeLessThan(1e-5);
    }),
  );
});

test("fitted, all of the page is in view, however it is turned", () => {
  const whole = { x1: 0, y1: 0, x2: PAGE.width, y2: PAGE.height };
  let camera = fitCamera(PAGE, VIEW);
  for (let turn = 0; turn < 4; turn++) {
    expect(isInView(camera, PAGE, VIEW, whole)).toBe(true);
    camera = turnCamera(camera, PAGE, VIEW);
  }
  expect(camera).toEqual(fitCamera(PAGE, VIEW));
});

test("a box that is shown is in the middle of the view", () => {
  fc.assert(
    fc.property(cameras, spots, (camera, [x, y]) => {
      const box = { x1: x, y1: y, x2: x + 60, y2: y + 20 };
      const shown = toView(showBox(camera, PAGE, VIEW, box), PAGE, [x + 30, y + 10]);
      expect(Math.hypot(shown[0] - VIEW.width / 2, shown[1] - VIEW.height / 2)).toBeLessThan(1e-4);
    }),
  );
});
