import { expect, test } from "bun:test";
import { fitCamera, zoomAt } from "../../src/web/canvas/camera.ts";
import { shapeOf } from "../../src/web/canvas/shapes.ts";
import { hidesTexts, layText } from "../../src/web/canvas/text-layout.ts";

const page = { width: 1000, height: 1000 };
const view = { width: 424, height: 424 };
const region = (x: number, height: number, text: string | null) => ({
  ...shapeOf([
    [x, 100],
    [x + 300, 100],
    [x + 300, 100 + height],
    [x, 100 + height],
  ]),
  ...{ text, colour: "#000", isHit: false, isShown: true },
});
const [large, small, empty] = [region(0, 60, "큰 글"), region(600, 20, "작은 글"), region(0, 10, null)];
const fitted = fitCamera(page, view);

test("texts are drawn from a size on, and whether some of those in the view are not is told", () => {
  const hides = (camera = fitted, ...regions: (typeof large)[]) =>
    hidesTexts({ page, view, regions }, camera);
  expect(layText(fitted, page, large)).toMatchObject({
    line: "큰 글",
    isReadable: true,
    left: 12,
    width: 120,
  });
  expect(layText(fitted, page, small)?.isReadable).toBe(false);
  expect(layText(fitted, page, empty)).toBeUndefined();
  expect(hides(fitted, large, small, empty)).toBe(true);
  expect(hides(fitted, large, empty)).toBe(false);
  expect(hides(fitted, large, { ...small, isShown: false })).toBe(false);
  const nearSmall = zoomAt(fitted, [300, 60], 3);
  expect(hides(nearSmall, large, small)).toBe(false);
  // What is out of the view is not missed.
  expect(hides(zoomAt(fitted, [12, 52], 2), large, small)).toBe(false);
});
