/** Labels that write boxes in several forms: each region has the first place that it has. */
import { expect, test } from "bun:test";
import { detectView } from "../../../src/schema/labels/detect/detect.ts";
import { resolveView } from "../../../src/schema/labels/given-view.ts";
import { compileView } from "../../../src/schema/labels/read-label.ts";
import { boundsOf, type Point } from "../../../src/schema/labels/region.ts";
import { box, slanted } from "./samples.ts";

const PAGE = { width: 200, height: 100 };

function read(view: unknown, label: unknown) {
  const { regions, faults } = compileView(resolveView(view, "test"))(label, PAGE);
  return {
    regions: regions.map(({ polygon, text, category }) => [polygon, text, category]),
    faults: faults.map(({ kind, at }) => [kind, at]),
  };
}

const percent = slanted.map(([x, y]) => [x / 2, y]);
const LABEL_STUDIO = {
  annotations: [
    {
      result: [
        { id: "a", value: { x: 5, y: 20, width: 50, height: 20, rotation: 0, rectanglelabels: ["title"] } },
        { id: "b", value: { points: percent, closed: true, polygonlabels: ["text"] } },
        { id: "b", value: { points: percent, text: ["기울어짐"] } },
        { id: "c", value: { x: 50, y: 50, radiusX: 25, radiusY: 10, rotation: 0, ellipselabels: ["도장"] } },
        { id: "d", value: { format: "rle", rle: [0, 1], brushlabels: ["얼룩"] } },
        { id: "e", value: { x: 5, y: 20, width: 1, keypointlabels: ["점"] } },
        { id: "f", value: { x: 50, y: 50, radiusX: 25, radiusY: 10, rotation: 30, ellipselabels: ["도장"] } },
      ],
    },
  ],
};

test("Label Studio's rectangles, polygons and ellipses come through; strokes, points and turned ones are told", () => {
  const { regions, faults } = read("label-studio", LABEL_STUDIO);
  expect(regions.slice(0, 2)).toEqual([
    [box, null, "title"],
    [slanted, "기울어짐", "text"],
  ]);
  const [polygon, , category] = regions[2] as [Point[], null, string];
  expect([boundsOf(polygon), category]).toEqual([{ x1: 50, y1: 40, x2: 150, y2: 60 }, "도장"]);
  // Of the area of the ellipse, all but one part in a hundred.
  const area = polygon.reduce((sum, [x, y], at) => {
    const [nx, ny] = polygon[(at + 1) % polygon.length] as Point;
    return sum + (x * ny - nx * y) / 2;
  }, 0);
  expect(area / (Math.PI * 50 * 10)).toBeGreaterThan(0.99);
  expect(regions).toHaveLength(3);
  expect(faults).toEqual([
    ["box_missing", "$.annotations[0].result[4]"],
    ["box_unreadable", "$.annotations[0].result[5]"],
    ["box_rotated", "$.annotations[0].result[6]"],
  ]);
});

const COCO = {
  categories: [{ id: 1, name: "text" }],
  annotations: [
    { category_id: 1, bbox: [10, 20, 100, 20], segmentation: [slanted.flat()] },
    { category_id: 1, segmentation: [slanted.flat()] },
    { category_id: 1, bbox: [], segmentation: [slanted.flat()] },
    {
      category_id: 1,
      bbox: [10, 20, 100, 20],
      segmentation: { counts: [0, 9], size: [100, 200] },
      iscrowd: 1,
    },
    { category_id: 1, bbox: [10, 20, 100, 20], segmentation: [slanted.flat(), slanted.flat()] },
  ],
};

test("COCO's regions without bbox have their segmentation", () => {
  const { regions, faults } = read("coco", COCO);
  expect(regions.map(([polygon]) => polygon)).toEqual([box, slanted, slanted, box, box]);
  expect(faults).toEqual([]);
});

test("a view may prefer polygons: masks and polygons of several parts have their box", () => {
  const view = {
    shape: "coco",
    box: [
      { path: "segmentation", form: "poly" },
      { path: "bbox", form: "xywh" },
    ],
  };
  const { regions, faults } = read(view, COCO);
  expect(regions.map(([polygon]) => polygon)).toEqual([slanted, slanted, slanted, box, box]);
  expect(faults).toEqual([]);
});

test("a place that is wrong in itself is told, though a later one could be read", () => {
  const view = {
    items: "$.words",
    box: [
      { path: "bbox", form: "xyxy" },
      { path: "polygon", form: "poly" },
    ],
  };
  const words = [{ bbox: [110, 20, 10, 40], polygon: slanted }, { polygon: [[1, 2]] }, {}];
  expect(read(view, { words })).toEqual({
    regions: [],
    faults: [
      ["box_inverted", "$.words[0]"],
      ["box_unreadable", "$.words[1]"],
      ["box_missing", "$.words[2]"],
    ],
  });
});

test("texts and categories may stand at one of several paths", () => {
  const view = {
    items: "$",
    box: "b",
    form: "xyxy",
    text: ["text", "ocr.text"],
    category: ["kind", "class"],
  };
  const b = [10, 20, 110, 40];
  const label = [
    { b, ocr: { text: "나" }, kind: null, class: "x" },
    { b, text: "가", kind: "y" },
  ];
  expect(read(view, label).regions).toEqual([
    [box, "나", "x"],
    [box, "가", "y"],
  ]);
});

const rowsOf = (labels: unknown[]) =>
  labels.map((label) => ({ cells: { label: JSON.stringify(label) }, page: PAGE }));

test("labels of boxes and polygons in one list are found with both", () => {
  const label = {
    annotations: [
      { text: "가", bbox: [10, 20, 110, 40] },
      { text: "나", polygon: slanted },
      { text: "다", bbox: [90, 50, 190, 90] },
    ],
  };
  const { readings } = detectView(rowsOf([label, label]));
  expect(readings.map(({ view, agree }) => [view, agree])).toEqual([
    [
      {
        items: "$.annotations",
        box: [
          { path: "bbox", form: "xyxy" },
          { path: "polygon", form: "poly" },
        ],
        text: "text",
      },
      2,
    ],
  ]);
  const both = { annotations: label.annotations.map((one) => ({ ...one, polygon: slanted })) };
  expect(detectView(rowsOf([both])).readings[0]?.view).toMatchObject({ box: "polygon", form: "poly" });
});

test("Label Studio's polygons alone are found as its labels", () => {
  const [, polygon] = LABEL_STUDIO.annotations[0]?.result ?? [];
  const label = { annotations: [{ result: [polygon] }] };
  expect(detectView(rowsOf([label])).readings.map(({ view }) => view)).toEqual(["label-studio"]);
});

test("a form that is known is that of the four numbers, and the others stay", () => {
  const xyxy = {
    ...COCO,
    annotations: COCO.annotations.slice(0, 2).map((one) => ({ ...one, bbox: [10, 20, 110, 40] })),
  };
  const found = detectView(rowsOf([xyxy])).readings.map(({ view }) => view);
  expect(found).toEqual([{ shape: "coco", form: "xyxy" }]);
  expect(read(found[0], xyxy).regions.map(([polygon]) => polygon)).toEqual([box, box]);
});
