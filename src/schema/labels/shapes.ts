import { LABEL_COLUMN, type View } from "./view.ts";

/** A built-in view: of the labels of a public dataset or of a tool. */
export interface Shape {
  name: string;
  /** Whose labels it reads, for people. */
  of: string;
  view: View;
  /**
   * Whether the names of its keys say form and unit too: others write `bbox` as they like, but nobody `wordbox`.
   * Else the numbers have to.
   */
  isDistinct: boolean;
  /** Keys of a region, of which one at least is there where the shape is meant. */
  signs?: readonly string[];
  /** What has to be in the label where the shape is meant. */
  needs?: string;
}

const names = { items: "$.categories", id: "id", name: "name" };
const annotations = { items: "$.annotations", box: "bbox", form: "xywh", category: "category_id" } as const;
const eight = ["x1", "y1", "x2", "y2", "x3", "y3", "x4", "y4"];

/** What its tools call their labels; a stroke or a point is no region, and is told as one without a box. */
const LABEL_STUDIO = ["rectangle", "polygon", "ellipse", "brush", "keypoint", ""].map(
  (tool) => `value.${tool}labels`,
);

/** DocLayNet's classes, by their ids. */
const DOCLAYNET = [
  "Caption",
  "Footnote",
  "Formula",
  "List-item",
  "Page-footer",
  "Page-header",
  "Picture",
  "Section-header",
  "Table",
  "Text",
  "Title",
];
const PUBLAYNET = ["text", "title", "list", "table", "figure"];

function tableOf(classes: readonly string[]) {
  return { table: Object.fromEntries(classes.map((name, at) => [String(at + 1), name])) };
}

/** Every built-in shape; detection takes the first of those that fit alike. */
export const SHAPES: readonly Shape[] = [
  {
    name: "aihub-public",
    of: "AI-Hub, documents of public administration",
    isDistinct: true,
    view: { items: "$.annotations", box: '"annotation.bbox"', form: "xywh", text: '"annotation.text"' },
  },
  {
    name: "aihub-finance",
    of: "AI-Hub, documents of finance and logistics",
    isDistinct: true,
    view: { items: "$.bbox", box: { xs: "x", ys: "y" }, text: "data" },
  },
  {
    name: "aihub-typefaces",
    of: "AI-Hub, Korean typefaces",
    isDistinct: true,
    view: { items: "$.text.word", box: "wordbox", form: "xyxy", text: "value" },
  },
  {
    name: "coco",
    of: "COCO, DocLayNet and PubLayNet, one page with its table of categories",
    isDistinct: false,
    signs: ["category_id"],
    needs: "$.categories",
    view: {
      items: "$.annotations",
      box: [
        { path: "bbox", form: "xywh" },
        { path: "segmentation", form: "poly" },
      ],
      category: "category_id",
      names,
    },
  },
  {
    name: "doclaynet",
    of: "DocLayNet, without its table of categories",
    isDistinct: false,
    signs: ["precedence"],
    view: { ...annotations, names: tableOf(DOCLAYNET) },
  },
  {
    name: "doclaynet-cells",
    of: "DocLayNet, the texts of a page",
    isDistinct: true,
    view: {
      items: "$.cells",
      box: "bbox",
      form: "xywh",
      size: ["$.metadata.coco_width", "$.metadata.coco_height"],
      text: "text",
    },
  },
  {
    name: "publaynet",
    of: "PubLayNet, without its table of categories",
    isDistinct: false,
    signs: [],
    view: { ...annotations, names: tableOf(PUBLAYNET) },
  },
  {
    name: "coco-text",
    of: "COCO-Text, TextOCR",
    isDistinct: true,
    signs: ["utf8_string"],
    view: { items: "$.anns.*", box: "mask", form: "poly", text: "utf8_string", category: "class" },
  },
  {
    name: "funsd",
    of: "FUNSD: the entities of a form",
    isDistinct: true,
    signs: ["linking", "words", "label"],
    view: { items: "$.form", box: "box", form: "xyxy", text: "text", category: "label", group: "id" },
  },
  {
    name: "funsd-words",
    of: "FUNSD: the words of a form, in their entities",
    isDistinct: true,
    view: {
      items: "$.form.words",
      box: "box",
      form: "xyxy",
      text: "text",
      category: "^.label",
      group: "^.id",
    },
  },
  {
    name: "xfund",
    of: "XFUND: the entities of a form",
    isDistinct: true,
    signs: ["linking", "words", "label"],
    view: { items: "$.document", box: "box", form: "xyxy", text: "text", category: "label", group: "id" },
  },
  {
    name: "cord",
    of: "CORD v2: the words of a receipt",
    isDistinct: true,
    view: {
      items: "$.valid_line.words",
      box: Object.fromEntries(eight.map((part) => [part, `quad.${part}`])),
      text: "text",
      category: "^.category",
      group: "^.group_id",
    },
  },
  {
    name: "sroie",
    of: "SROIE, ICDAR: lines of text, once they are JSON",
    isDistinct: true,
    view: { items: "$.lines", box: "quad", form: "poly", text: "text" },
  },
  {
    name: "docvqa",
    of: "DocVQA: a question about a page",
    isDistinct: true,
    view: {
      questions: {
        items: "$",
        id: "questionId",
        question: "question",
        answers: "answers",
        kinds: "question_types",
      },
    },
  },
  {
    name: "docvqa-ocr",
    of: "DocVQA: the lines of its text recognition",
    isDistinct: true,
    view: {
      items: "$.recognitionResults.lines",
      box: "boundingBox",
      form: "poly",
      size: ["^.width", "^.height"],
      text: "text",
    },
  },
  {
    name: "paddleocr",
    of: "PaddleOCR: detection, recognition, key information",
    isDistinct: true,
    signs: ["transcription"],
    view: { items: "$", box: "points", form: "poly", text: "transcription", category: "label" },
  },
  {
    name: "text-layer",
    of: "PDF pages, uploaded with `--text-layer`",
    isDistinct: true,
    needs: "$.kind",
    view: {
      column: "text_layer",
      items: "$.words",
      box: "bbox",
      form: "xyxy",
      size: ["$.width", "$.height"],
      text: "text",
    },
  },
  {
    name: "label-studio",
    of: "Label Studio: rectangles, polygons and ellipses, with texts",
    isDistinct: true,
    view: {
      items: "$.annotations.result",
      join: "id",
      box: [
        { x: "value.x", y: "value.y", w: "value.width", h: "value.height" },
        { path: "value.points", form: "poly" },
        { cx: "value.x", cy: "value.y", rx: "value.radiusX", ry: "value.radiusY" },
      ],
      unit: 100,
      text: "value.text",
      category: LABEL_STUDIO,
    },
  },
];

export function findShape(name: string): Shape | undefined {
  return SHAPES.find((shape) => shape.name === name);
}

/** Columns that hold labels by their names. */
export const NAMED_LABEL_COLUMNS: readonly string[] = [
  LABEL_COLUMN,
  ...SHAPES.flatMap(({ view }) => view.column ?? []),
];
