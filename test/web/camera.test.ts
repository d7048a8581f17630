import { expect, test } from "bun:test";
import fc from "fast-check";
import {
  type Camera,
  fitCamera,
  isInView,
  isReadable,
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

test("a line that is shown can be read, and the page is never farther than it was", () => {
  const heights = fc.integer({ min: 4, max: 80 });
  fc.assert(
    fc.property(cameras, spots, heights, (camera, [x, y], height) => {
      const box = { x1: x, y1: y, x2: x + 3 * height, y2: y + height };
      const shown = showBox(camera, PAGE, VIEW, box);
      expect(shown.scale).toBeGreaterThanOrEqual(camera.scale);
      if (camera.scale < 2) expect(isReadable(shown, PAGE, VIEW, box)).toBe(true);
      // What can be read already is not made larger.
      if (camera.scale * height >= 28) expect(shown.scale).toBeCloseTo(camera.scale);
    }),
  );
  const whole = fitCamera(PAGE, VIEW);
  const word = { x1: 400, y1: 600, x2: 500, y2: 626 };
  expect([isInView(whole, PAGE, VIEW, word), isReadable(whole, PAGE, VIEW, word)]).toEqual([true, false]);
  // Of 10 px nobody reads Hangul, of 14 one does.
  const readable = (px: number) => isReadable({ turn: 0, x: 0, y: 0, scale: px / 26 }, PAGE, VIEW, word);
  expect([readable(10.4), readable(14.1)]).toEqual([false, true]);
  // A digit is as high as the words beside it; what is written downwards is as wide as its letters.
  const near = showBox(whole, PAGE, VIEW, word).scale;
  expect(showBox(whole, PAGE, VIEW, { ...word, x2: 412 }).scale).toBeCloseTo(near);
  expect(showBox(whole, PAGE, VIEW, { x1: 400, y1: 600, x2: 426, y2: 700 }).scale).toBeCloseTo(near);
});
