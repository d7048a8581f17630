import { formatJsonPath, type JsonStep } from "../../json-path.ts";
import { readBox, toNumber } from "../box.ts";
import type { View } from "../view.ts";
import { isObject } from "../walk.ts";
import { type BoxKinds, chooseKinds, createBoxKinds, noteKinds } from "./box-kinds.ts";
import type { SampledLabel } from "./sample.ts";

type LabelSteps = readonly (JsonStep | { values: true })[];

/** A list of objects in labels that have a box, or a question. */
export interface FoundList {
  view: View;
  rows: number;
}

interface Seen {
  steps: LabelSteps;
  rows: Set<number>;
  kinds: BoxKinds;
  /** Keys of its objects whose values are texts, and those whose values are whole numbers. */
  texts: Set<string>;
  numbers: Set<string>;
}

const MAX_DEPTH = 6;
/** Objects of one list that are looked at. */
const MAX_OBJECTS = 50;

/** Every list of regions or questions in the labels, whatever its keys, those of most rows first. */
export function findLists(labels: readonly SampledLabel[]): FoundList[] {
  const seen = new Map<string, Seen>();
  for (const [row, { label }] of labels.entries()) walk(label, [], row, seen, 0);
  return [...seen.values()]
    .flatMap((one) => {
      const chosen = chooseKinds(one.kinds);
      return chosen === undefined ? [] : [{ view: viewOf(one, chosen.part), rows: chosen.rows }];
    })
    .sort((a, b) => b.rows - a.rows);
}

function walk(value: unknown, steps: LabelSteps, row: number, seen: Map<string, Seen>, depth: number): void {
  if (depth > MAX_DEPTH) return;
  if (Array.isArray(value)) {
    for (const element of value.slice(0, MAX_OBJECTS)) walk(element, steps, row, seen, depth + 1);
    return;
  }
  if (!isObject(value)) return;
  if (isTable(value)) {
    const below = [...steps, { values: true as const }];
    for (const one of Object.values(value).slice(0, MAX_OBJECTS)) walk(one, below, row, seen, depth + 1);
    return;
  }
  note(value, steps, row, seen);
  for (const [key, inner] of Object.entries(value)) {
    // An object of a box's numbers is the box of this one, and no region.
    if (typeof inner === "object" && !(isObject(inner) && partsAt(inner, []).length > 0))
      walk(inner, [...steps, { key }], row, seen, depth + 1);
  }
}

/** Objects by ids: `{"0001": {...}, "0002": {...}}`. */
function isTable(value: Record<string, unknown>): boolean {
  const entries = Object.entries(value);
  return entries.length > 0 && entries.every(([key, one]) => /\d/.test(key) && isObject(one));
}

function note(value: Record<string, unknown>, steps: LabelSteps, row: number, seen: Map<string, Seen>): void {
  const parts = partsIn(value);
  if (parts.length === 0) return;
  const path = formatPath(steps);
  const one = seen.get(path) ?? {
    steps,
    rows: new Set(),
    kinds: createBoxKinds(),
    texts: new Set(),
    numbers: new Set(),
  };
  seen.set(path, one);
  one.rows.add(row);
  noteKinds(one.kinds, parts, row);
  for (const [key, inner] of Object.entries(value)) {
    if (typeof inner === "string") one.texts.add(key);
    if (Number.isInteger(inner)) one.numbers.add(key);
  }
}

/** Keys of a box's numbers, as found in labels, and what they are. */
const PART_KEYS = [
  [
    ["x", "y", "w", "h"],
    ["x", "y", "w", "h"],
  ],
  [
    ["x", "y", "w", "h"],
    ["x", "y", "width", "height"],
  ],
  [
    ["x", "y", "w", "h"],
    ["left", "top", "width", "height"],
  ],
  [
    ["cx", "cy", "w", "h"],
    ["cx", "cy", "w", "h"],
  ],
  [
    ["x1", "y1", "x2", "y2", "x3", "y3", "x4", "y4"],
    ["x1", "y1", "x2", "y2", "x3", "y3", "x4", "y4"],
  ],
  [
    ["x1", "y1", "x2", "y2"],
    ["x1", "y1", "x2", "y2"],
  ],
  [
    ["x1", "y1", "x2", "y2"],
    ["x0", "y0", "x1", "y1"],
  ],
  [
    ["x1", "y1", "x2", "y2"],
    ["xmin", "ymin", "xmax", "ymax"],
  ],
  [
    ["x1", "y1", "x2", "y2"],
    ["left", "top", "right", "bottom"],
  ],
] as const;

/** The boxes and the question that an object has. */
function partsIn(value: Record<string, unknown>): Partial<View>[] {
  const parts = partsAt(value, []);
  for (const [key, inner] of Object.entries(value)) {
    if (isObject(inner)) parts.push(...partsAt(inner, [{ key }]));
    else if (Array.isArray(inner)) {
      const form = formOf(inner);
      if (form !== undefined) parts.push({ box: relative([{ key }]), form });
    }
  }
  const answers = ["answers", "answer"].find((key) => key in value);
  if (typeof value.question === "string" && answers !== undefined)
    parts.push({ questions: { items: "$", question: "question", answers } });
  return parts;
}

function partsAt(value: Record<string, unknown>, steps: JsonStep[]): Partial<View>[] {
  if (formOf([value.x, value.y].flat()) !== undefined && Array.isArray(value.x) && Array.isArray(value.y))
    return [{ box: { xs: relative([...steps, { key: "x" }]), ys: relative([...steps, { key: "y" }]) } }];
  const found = PART_KEYS.find(([, keys]) => keys.every((key) => !Number.isNaN(toNumber(value[key]))));
  if (found === undefined) return [];
  const [parts, keys] = found;
  const paths = keys.map((key) => relative([...steps, { key }]));
  return [{ box: Object.fromEntries(parts.map((part, at) => [part, paths[at] ?? ""])) }];
}

/** Four numbers are a box of some form, points a polygon. */
function formOf(value: unknown[]): "xyxy" | "poly" | undefined {
  if (value.length === 4 && value.every((one) => !Number.isNaN(toNumber(one)))) return "xyxy";
  return "kind" in readBox(value, "poly") ? undefined : "poly";
}

const TEXTS = [
  "text",
  "transcription",
  "value",
  "data",
  "utf8_string",
  "word",
  "content",
  "ocr",
  "description",
];
const CATEGORIES = ["category", "label", "class", "type", "category_id", "tag", "kind"];
const ORDERS = ["order", "reading_order", "readingOrder"];

function viewOf({ steps, texts, numbers }: Seen, part: Partial<View>): View {
  const items = formatPath(steps);
  if (part.questions !== undefined) return { questions: { ...part.questions, items } };
  const text = TEXTS.find((key) => texts.has(key));
  const category = CATEGORIES.find((key) => key !== text && (texts.has(key) || numbers.has(key)));
  const order = ORDERS.find((key) => numbers.has(key));
  return {
    items,
    ...part,
    ...(text !== undefined && { text }),
    ...(category !== undefined && { category }),
    ...(order !== undefined && { order }),
    ...(numbers.has("page") && { page: "page" }),
  };
}

function formatPath(steps: LabelSteps): string {
  let path = "$";
  for (const step of steps) path += "values" in step ? ".*" : formatJsonPath([step]).slice(1);
  return path;
}

/** A path from the region: `value.x`. */
function relative(steps: JsonStep[]): string {
  return formatJsonPath(steps).slice(1).replace(/^\./, "");
}
