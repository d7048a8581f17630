import type { Point } from "../../../src/schema/labels/region.ts";

/** A label of each built-in shape on a page of 200 x 100, and what it says. */
export interface Sample {
  shape: string;
  label: unknown;
  regions: { polygon: Point[]; text?: string; category?: string; group?: string; isUnreadable?: true }[];
}

export const box: Point[] = [
  [10, 20],
  [110, 20],
  [110, 40],
  [10, 40],
];
export const slanted: Point[] = [
  [10, 20],
  [110, 22],
  [110, 40],
  [10, 38],
];
const place = { x: 5, y: 20, width: 50, height: 20, rotation: 0 };
const annotation = { id: 7, category_id: 10, bbox: [10, 20, 100, 20], area: 2000, iscrowd: 0 };

export const SAMPLES: Sample[] = [
  {
    shape: "aihub-public",
    label: {
      images: [{ "image.width": 200, "image.height": 100 }],
      annotations: [
        {
          id: 1,
          "annotation.text": "금액 1,000원",
          "annotation.ttype": "t1",
          "annotation.bbox": [10, 20, 100, 20],
        },
      ],
    },
    regions: [{ polygon: box, text: "금액 1,000원" }],
  },
  {
    shape: "aihub-finance",
    label: { bbox: [{ id: 1, data: "신고서", x: [10, 10, 110, 110], y: [20, 40, 20, 40] }] },
    regions: [{ polygon: box, text: "신고서" }],
  },
  {
    shape: "aihub-typefaces",
    label: { text: { word: [{ wordbox: [10, 20, 110, 40], value: "가나" }] } },
    regions: [{ polygon: box, text: "가나" }],
  },
  {
    shape: "doclaynet",
    label: { annotations: [{ ...annotation, precedence: 0 }] },
    regions: [{ polygon: box, category: "Text" }],
  },
  {
    shape: "doclaynet-cells",
    label: {
      metadata: { coco_width: 1025, coco_height: 1025 },
      cells: [{ bbox: [51.25, 205, 512.5, 205], text: "Abc", font: { name: "x" } }],
    },
    regions: [{ polygon: box, text: "Abc" }],
  },
  {
    shape: "coco",
    label: { annotations: [annotation], categories: [{ id: 10, name: "Text" }] },
    regions: [{ polygon: box, category: "Text" }],
  },
  {
    shape: "publaynet",
    label: { annotations: [{ ...annotation, category_id: 4 }] },
    regions: [{ polygon: box, category: "table" }],
  },
  {
    shape: "coco-text",
    label: {
      anns: { 45: { id: 45, mask: box.flat(), utf8_string: "EXIT", class: "machine printed" } },
    },
    regions: [{ polygon: box, text: "EXIT", category: "machine printed" }],
  },
  {
    shape: "funsd",
    label: {
      form: [{ id: 0, box: [10, 20, 110, 40], text: "Name:", label: "question", words: [], linking: [] }],
    },
    regions: [{ polygon: box, text: "Name:", category: "question", group: "0" }],
  },
  {
    shape: "funsd-words",
    label: {
      form: [
        { id: 3, text: "Name:", label: "question", words: [{ box: [10, 20, 110, 40], text: "Name:" }] },
        { id: 4, text: "", label: "other", words: [] },
      ],
    },
    regions: [{ polygon: box, text: "Name:", category: "question", group: "3" }],
  },
  {
    shape: "xfund",
    label: { document: [{ id: 0, box: [10, 20, 110, 40], text: "姓名", label: "question", linking: [] }] },
    regions: [{ polygon: box, text: "姓名", category: "question", group: "0" }],
  },
  {
    shape: "cord",
    label: {
      valid_line: [
        {
          category: "menu.nm",
          group_id: 3,
          words: [
            { text: "Nasi", quad: { x1: 10, y1: 20, x2: 110, y2: 22, x3: 110, y3: 40, x4: 10, y4: 38 } },
          ],
        },
      ],
    },
    regions: [{ polygon: slanted, text: "Nasi", category: "menu.nm", group: "3" }],
  },
  {
    shape: "sroie",
    label: { lines: [{ quad: box.flat(), text: "TOTAL" }] },
    regions: [{ polygon: box, text: "TOTAL" }],
  },
  {
    shape: "docvqa-ocr",
    label: {
      recognitionResults: [
        { width: 20, height: 10, lines: [{ boundingBox: box.flat().map((n) => n / 10), text: "Total" }] },
      ],
    },
    regions: [{ polygon: box, text: "Total" }],
  },
  {
    shape: "paddleocr",
    label: [
      { transcription: "표", label: "title", points: slanted },
      { transcription: "###", points: box },
    ],
    regions: [
      { polygon: slanted, text: "표", category: "title" },
      { polygon: box, isUnreadable: true },
    ],
  },
  {
    shape: "text-layer",
    label: {
      kind: "visible",
      width: 400,
      height: 200,
      text: "금액",
      words: [{ text: "금액", bbox: [20, 40, 220, 80] }],
    },
    regions: [{ polygon: box, text: "금액" }],
  },
  {
    shape: "label-studio",
    label: {
      annotations: [
        {
          result: [
            { id: "a", type: "rectanglelabels", value: { ...place, rectanglelabels: ["title"] } },
            { id: "b", type: "choices", value: { choices: ["good"] } },
            { id: "a", type: "textarea", value: { ...place, text: ["표준 계약서"] } },
          ],
        },
      ],
    },
    regions: [{ polygon: box, text: "표준 계약서", category: "title" }],
  },
];
