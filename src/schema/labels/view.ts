import * as v from "valibot";
import { recordOf } from "../bounds.ts";
import { LabelPathSchema } from "./path.ts";

/** How four numbers, or a list of points, say where a region is. */
export const BOX_FORMS = ["xyxy", "xywh", "cxcywh", "poly"] as const;
export type BoxForm = (typeof BOX_FORMS)[number];

/** What coordinates count: pixels, or parts of the page's width and height: 1, percent, thousandths. */
export const BOX_UNITS = ["px", 1, 100, 1000] as const;
export type BoxUnit = (typeof BOX_UNITS)[number];

/** Boxes whose numbers stand under a key each: the keys, and what form they are. */
export const BOX_PARTS = [
  { form: "xywh", parts: ["x", "y", "w", "h"] },
  { form: "cxcywh", parts: ["cx", "cy", "w", "h"] },
  { form: "xyxy", parts: ["x1", "y1", "x2", "y2"] },
  { form: "poly", parts: ["x1", "y1", "x2", "y2", "x3", "y3", "x4", "y4"] },
  { form: "lists", parts: ["xs", "ys"] },
] as const;

/** Which of them an object of paths is. */
export function partsOf(box: Record<string, unknown>): (typeof BOX_PARTS)[number] | undefined {
  const keys = Object.keys(box);
  return BOX_PARTS.find(({ parts }) => parts.length === keys.length && parts.every((part) => part in box));
}

const PARTS_TEXT = BOX_PARTS.map(({ parts }) => `{${parts.join(", ")}}`).join(", ");

const BoxPartsSchema = v.pipe(
  recordOf(v.string(), LabelPathSchema, 10),
  v.check(
    (box) => partsOf(box) !== undefined,
    (issue) =>
      `has the keys ${Object.keys(issue.input as object).join(", ") || "(none)"}; write one path, or ${PARTS_TEXT}, each a path`,
  ),
);

/** The union would tell what is wrong with each of its kinds. */
const BoxSchema = v.lazy((box) =>
  typeof box === "string" ? LabelPathSchema : BoxPartsSchema,
) as v.GenericSchema<string | Record<string, string>>;

const Positive = v.pipe(v.number(), v.finite("is no size in pixels"), v.gtValue(0, "is no size in pixels"));
const SideSchema = v.lazy((side) =>
  typeof side === "string" ? LabelPathSchema : Positive,
) as v.GenericSchema<string | number>;

/** Names of categories by their ids: a table in the document, or one in the view. */
const NamesSchema = v.lazy((names) =>
  typeof names === "object" && names !== null && "table" in names
    ? v.strictObject({ table: recordOf(v.string(), v.string(), 10_000) })
    : v.strictObject({ items: LabelPathSchema, id: LabelPathSchema, name: LabelPathSchema }),
) as v.GenericSchema<{ table: Record<string, string> } | { items: string; id: string; name: string }>;

/** Questions about a page and their answers, as of DocVQA. */
const QuestionsSchema = v.strictObject({
  items: v.optional(LabelPathSchema, "$"),
  id: v.optional(LabelPathSchema),
  question: LabelPathSchema,
  answers: v.optional(LabelPathSchema),
  kinds: v.optional(LabelPathSchema),
});

const UNIT_TEXT = "is not a unit; write px, 1, 100 or 1000";

/** Fields that say something of regions, and mean nothing without. */
const OF_REGIONS = [
  "join",
  "box",
  "form",
  "unit",
  "size",
  "exif",
  "text",
  "category",
  "categories",
  "page",
  "order",
  "group",
  "names",
  "skip",
] as const;

/** Where in a label its regions and questions are. docs/labels.md explains the fields. */
export const ViewSchema = v.pipe(
  v.strictObject({
    /** The column of the row that holds the label; `*` for the row itself as an object. */
    column: v.optional(v.pipe(v.string(), v.minLength(1, "is empty"))),
    items: v.optional(LabelPathSchema),
    join: v.optional(LabelPathSchema),
    box: v.optional(BoxSchema),
    form: v.optional(v.picklist(BOX_FORMS, `is not a form; write ${BOX_FORMS.join(", ")}`)),
    unit: v.optional(v.picklist(BOX_UNITS, UNIT_TEXT)),
    size: v.optional(v.strictTuple([SideSchema, SideSchema], "is not a width and a height: [W, H]")),
    exif: v.optional(v.picklist(["applied", "ignored"], "is not applied or ignored")),
    text: v.optional(LabelPathSchema),
    category: v.optional(LabelPathSchema),
    categories: v.optional(v.array(v.string())),
    page: v.optional(LabelPathSchema),
    order: v.optional(LabelPathSchema),
    group: v.optional(LabelPathSchema),
    names: v.optional(NamesSchema),
    skip: v.optional(v.array(v.string())),
    questions: v.optional(QuestionsSchema),
  }),
  v.rawCheck(({ dataset, addIssue }) => {
    if (!dataset.typed) return;
    const problem = clashOf(dataset.value);
    if (problem !== undefined) addIssue({ message: problem });
  }),
);
export type View = v.InferOutput<typeof ViewSchema>;

type Fields = Record<(typeof OF_REGIONS)[number] | "items" | "questions", unknown>;

/** What in a view does not go together. */
function clashOf(view: Partial<Fields>): string | undefined {
  if (view.items === undefined) {
    const lost = OF_REGIONS.find((field) => view[field] !== undefined);
    if (lost !== undefined) return `${lost} is of regions, but items, the path to them, is missing`;
    return view.questions === undefined
      ? "neither items nor questions is given: it shows nothing"
      : undefined;
  }
  if (view.box === undefined) return "box is missing: the path to the box of a region";
  const isPath = typeof view.box === "string";
  if (isPath && view.form === undefined)
    return `form is missing: ${BOX_FORMS.join(", ")}, of the numbers at box`;
  if (!isPath && view.form !== undefined)
    return "form is of a box that is one path; the keys of box say it here";
  if (view.size !== undefined && (view.unit ?? "px") !== "px")
    return `size is of boxes in pixels, not of unit ${view.unit}; leave one of them out`;
  if (view.category === undefined && (view.names ?? view.categories) !== undefined)
    return "category is missing: the path to what names or categories are of";
  return undefined;
}

/** Texts that mean "unreadable". */
export const SKIPPED_TEXTS: readonly string[] = ["###", "*"];

/** The column of a label where its view names none. */
export const LABEL_COLUMN = "label";

/** In place of a column: the row itself, an object of its columns. */
export const WHOLE_ROW = "*";
