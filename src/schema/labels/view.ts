import * as v from "valibot";
import { recordOf } from "../bounds.ts";
import { LabelPathSchema } from "./path.ts";
import { BoxSchema, boxProblem, FormSchema } from "./view-box.ts";

/** What coordinates count: pixels, or parts of the page's width and height: 1, percent, thousandths. */
export const BOX_UNITS = ["px", 1, 100, 1000] as const;
export type BoxUnit = (typeof BOX_UNITS)[number];

const Positive = v.pipe(v.number(), v.finite("is no size in pixels"), v.gtValue(0, "is no size in pixels"));
const SideSchema = v.lazy((side) =>
  typeof side === "string" ? LabelPathSchema : Positive,
) as v.GenericSchema<string | number>;

/** Where a word of a region is: a path, or several, of which the first counts that leads to something. */
const WordPathSchema = v.lazy((path) =>
  Array.isArray(path)
    ? v.pipe(
        v.array(LabelPathSchema),
        v.minLength(1, "is an empty list"),
        v.maxLength(10, "is a list of more than 10 paths"),
      )
    : LabelPathSchema,
) as v.GenericSchema<string | string[]>;

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
    form: v.optional(FormSchema),
    unit: v.optional(v.picklist(BOX_UNITS, UNIT_TEXT)),
    size: v.optional(v.strictTuple([SideSchema, SideSchema], "is not a width and a height: [W, H]")),
    exif: v.optional(v.picklist(["applied", "ignored"], "is not applied or ignored")),
    text: v.optional(WordPathSchema),
    category: v.optional(WordPathSchema),
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
  const problem = boxProblem(view.box, view.form);
  if (problem !== undefined) return problem;
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
