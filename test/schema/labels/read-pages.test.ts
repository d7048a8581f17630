/** Labels of rows with several pages: each region is read on the page that it is on. */
import { expect, test } from "bun:test";
import { resolveView } from "../../../src/schema/labels/given-view.ts";
import { compileView } from "../../../src/schema/labels/read-label.ts";
import { readOnPages } from "../../../src/schema/labels/read-pages.ts";
import { boundsOf } from "../../../src/schema/labels/region.ts";

const PAGES = [
  { width: 200, height: 100, sourceName: "a.jpg" },
  { width: 100, height: 400, sourceName: "b.v1.png" },
];
const VIEW = { items: "$.words", box: "b", form: "xyxy", unit: 1, page: "on" };
const b = [0, 0.25, 0.5, 0.5];

function read(words: unknown[], view: object = VIEW, pages = PAGES) {
  const said = readOnPages(compileView(resolveView(view, "test")), { words }, pages);
  return {
    regions: said.regions.map(({ image, polygon }) => [image, Object.values(boundsOf(polygon))]),
    strays: said.strays.length,
    faults: said.faults.map(({ kind, region }) => [kind, region ?? null]),
  };
}

test("by number, by name with its ending or without, and the first where nothing is said", () => {
  const words = [{ b, on: 1 }, { b }, { b, on: "b.v1.png" }, { b, on: "b.v1" }, { b, on: 0 }];
  const [onFirst, onSecond] = [
    [0, [0, 25, 100, 50]],
    [1, [0, 100, 50, 200]],
  ];
  expect(read(words)).toEqual({
    regions: [onFirst, onFirst, onSecond, onSecond, onSecond],
    strays: 0,
    faults: [],
  } as never);
});

test("by a name in either Unicode form", () => {
  const pages = [PAGES[0], { ...PAGES[1], sourceName: "가나.png" }] as typeof PAGES;
  const words = ["가나.png", "가나"].map((name) => ({ b, on: name.normalize("NFD") }));
  expect(read(words, VIEW, pages).regions.map(([image]) => image)).toEqual([1, 1]);
  const decomposed = pages.map((page) => ({ ...page, sourceName: page.sourceName.normalize("NFD") }));
  expect(read([{ b, on: "가나.png" }], VIEW, decomposed).regions.map(([image]) => image)).toEqual([1]);
});

test("a page that the row does not have is told, once", () => {
  expect(
    read([
      { b, on: 2 },
      { b, on: "c" },
      { b: [0, 0, 2, 2], on: 9 },
      { b, on: 1 },
    ]),
  ).toEqual({
    regions: [[1, [0, 100, 50, 200]]],
    strays: 3,
    faults: [
      ["page_unknown", null],
      ["page_unknown", null],
      ["page_unknown", null],
    ],
  });
});

test("faults are of the page of their region, whatever it would be on others", () => {
  const view = { ...VIEW, unit: "px" };
  const words = [
    { b: [0, 0, 150, 50], on: 0 },
    { b: [0, 0, 50, 300], on: 1 },
    { b: [0, 0, 150, 50], on: 1 },
    { b: [5, 5, 1, 1], on: 1 },
  ];
  expect(read(words, view)).toEqual({
    regions: [
      [0, [0, 0, 150, 50]],
      [1, [0, 0, 50, 300]],
      [1, [0, 0, 150, 50]],
    ],
    strays: 0,
    faults: [
      ["box_inverted", null],
      ["box_outside", 2],
    ],
  });
});

test("a size that fits one page alone costs the regions of the others, each told once", () => {
  const { unit: _, ...view } = VIEW;
  const words = [
    { b: [0, 0, 10, 10], on: 0 },
    { b: [0, 0, 10, 10], on: 1 },
  ];
  const pages = [PAGES[0], { width: 100, height: 200, sourceName: null }] as typeof PAGES;
  expect(read(words, { ...view, size: [200, 100] }, pages)).toEqual({
    regions: [[0, [0, 0, 10, 10]]],
    strays: 0,
    faults: [["size_turned", null]],
  });
  expect(read(words, { ...view, size: [100, 200] }, pages)).toEqual({
    regions: [[1, [0, 0, 10, 10]]],
    strays: 0,
    faults: [["size_turned", null]],
  });
});

test("a row without pages, or with one, has all regions on it", () => {
  expect(read([{ b, on: 7 }], VIEW, PAGES.slice(0, 1)).regions).toEqual([[0, [0, 25, 100, 50]]]);
  expect(read([{ b }], VIEW, []).faults).toEqual([["no_page", null]]);
});
