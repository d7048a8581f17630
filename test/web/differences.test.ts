import { expect, test } from "bun:test";
import { compareRegions } from "../../src/schema/labels/compare.ts";
import type { Point } from "../../src/schema/labels/region.ts";
import type { DifferencesDocument, PageDocument, PageRegion } from "../../src/schema/page-documents.ts";
import { coloursOf } from "../../src/web/canvas/colours.ts";
import { drawOver, drawSides } from "../../src/web/screens/compare/drawn-differences.ts";

const region = (x: number, text: string): PageRegion => {
  const polygon: Point[] = [
    [x, 0],
    [x + 10, 0],
    [x + 10, 10],
    [x, 10],
  ];
  return { polygon, text, category: null, order: null, group: null, image: 0, unreadable: false, places: [] };
};

function documentOf(a: PageRegion[], b: PageRegion[]): DifferencesDocument {
  const page = (regions: PageRegion[]) => ({ label: { regions } }) as unknown as PageDocument;
  return { a: page(a), b: page(b), ...compareRegions(a, b) };
}

const DOCUMENT = documentOf(
  [region(0, "same"), region(20, "was"), region(40, "gone")],
  [region(0, "same"), region(20, "is"), region(60, "new")],
);

test("each side shows its regions, those that differ in colours of their own", () => {
  const { a, b } = drawSides(DOCUMENT);
  expect(a.map(({ text }) => text)).toEqual(["same", "was", "gone"]);
  expect(new Set(a.map(({ colour }) => colour)).size).toBe(3);
  expect(a.map(({ isDashed }) => isDashed)).toEqual([false, false, true]);
  expect(a[1]?.colour).toBe(b[1]?.colour as string);
  expect(a[0]?.colour).toBe(b[0]?.colour as string);
});

test("over each other, what is gone is drawn too, and each difference is found by its region", () => {
  const { regions, indexOf, differenceAt } = drawOver(DOCUMENT);
  expect(regions.map(({ text }) => text)).toEqual(["same", "is", "new", "gone"]);
  for (const [place, difference] of DOCUMENT.differences.entries()) {
    expect(differenceAt(indexOf(difference))).toBe(place);
  }
  expect(differenceAt(0)).toBeUndefined();
});

test("a category keeps its colour whatever order the regions are in", () => {
  const colours = coloursOf(["b", "a", null, "b"]);
  expect(colours).toEqual(coloursOf([null, "b", "a"]));
  expect(new Set(colours.values()).size).toBe(3);
});
