import * as v from "valibot";
import { recordOf } from "../bounds.ts";
import { LabelPathSchema } from "./path.ts";

/** How four numbers, or a list of points, say where a region is. */
export const BOX_FORMS = ["xyxy", "xywh", "cxcywh", "poly"] as const;
export type BoxForm = (typeof BOX_FORMS)[number];

/** Boxes whose numbers stand under a key each: the keys, and what form they are. */
export const BOX_PARTS = [
  { form: "xywh", parts: ["x", "y", "w", "h"] },
  { form: "cxcywh", parts: ["cx", "cy", "w", "h"] },
  { form: "ellipse", parts: ["cx", "cy", "rx", "ry"] },
  { form: "xyxy", parts: ["x1", "y1", "x2", "y2"] },
  { form: "poly", parts: ["x1", "y1", "x2", "y2", "x3", "y3", "x4", "y4"] },
  { form: "lists", parts: ["xs", "ys"] },
] as const;

/** A path for each number of a box. */
type PartPaths = Record<string, string>;

/** One way to find the box of a region. */
export type BoxPlace = { path: string; form: BoxForm } | { parts: PartPaths };

/** The box of a view as it is written. */
export type GivenBox = string | PartPaths | ({ path: string; form: BoxForm } | PartPaths)[];

/** Which of them an object of paths is. */
export function partsOf(box: Record<string, unknown>): (typeof BOX_PARTS)[number] | undefined {
  const keys = Object.keys(box);
  return BOX_PARTS.find(({ parts }) => parts.length === keys.length && parts.every((part) => part in box));
}

/** The places that a view names, in the order in which they are looked at. */
export function placesOf({
  box,
  form,
}: {
  box?: GivenBox | undefined;
  form?: BoxForm | undefined;
}): BoxPlace[] {
  if (box === undefined) return [];
  if (typeof box === "string") return [{ path: box, form: form ?? "xyxy" }];
  if (!Array.isArray(box)) return [{ parts: box }];
  return box.map((one) => ("path" in one ? (one as { path: string; form: BoxForm }) : { parts: one }));
}

/** The view with another form in the place of that of its four numbers. */
export function withForm<View extends { box?: GivenBox | undefined; form?: BoxForm | undefined }>(
  view: View,
  form: BoxForm | undefined,
): View {
  const { form: _, ...rest } = view;
  const { box } = view;
  if (form === undefined || box === undefined) return rest as View;
  if (typeof box === "string") return { ...rest, form } as View;
  if (!Array.isArray(box)) return rest as View;
  const changed = box.map((one) => ("path" in one && one.form !== "poly" ? { ...one, form } : one));
  return { ...rest, box: changed } as View;
}

/** The form of the four numbers of a view, and where they are; undefined where its boxes say their form. */
export function fourNumbersOf(view: Parameters<typeof placesOf>[0]) {
  return placesOf(view).find(
    (place): place is { path: string; form: BoxForm } => "path" in place && place.form !== "poly",
  );
}

/** Whether there is a place whose form `withForm` changes. */
export function takesForm(view: Parameters<typeof placesOf>[0]): boolean {
  return typeof view.box === "string" || fourNumbersOf(view) !== undefined;
}

const PARTS_TEXT = BOX_PARTS.map(({ parts }) => `{${parts.join(", ")}}`).join(", ");

const PartsSchema = v.pipe(
  recordOf(v.string(), LabelPathSchema, 10),
  v.check(
    (box) => partsOf(box) !== undefined,
    (issue) =>
      `has the keys ${Object.keys(issue.input as object).join(", ") || "(none)"}; write one path, or ${PARTS_TEXT}, each a path`,
  ),
);

export const FormSchema = v.picklist(BOX_FORMS, `is not a form; write ${BOX_FORMS.join(", ")}`);

const PlaceSchema = v.lazy((place) =>
  typeof place === "object" && place !== null && "path" in place
    ? v.strictObject({ path: LabelPathSchema, form: FormSchema })
    : PartsSchema,
) as v.GenericSchema<{ path: string; form: BoxForm } | PartPaths>;

const PlacesSchema = v.pipe(
  v.array(PlaceSchema),
  v.minLength(1, "is an empty list"),
  v.maxLength(10, "is a list of more than 10 places"),
);

/** The union would tell what is wrong with each of its kinds. */
export const BoxSchema = v.lazy((box) => {
  if (typeof box === "string") return LabelPathSchema;
  return Array.isArray(box) ? PlacesSchema : PartsSchema;
}) as v.GenericSchema<GivenBox>;

/** What in the box of a view does not go together. */
export function boxProblem(box: unknown, form: unknown): string | undefined {
  if (typeof box === "string")
    return form === undefined ? `form is missing: ${BOX_FORMS.join(", ")}, of the numbers at box` : undefined;
  if (form === undefined) return undefined;
  return Array.isArray(box)
    ? "form is of a box that is one path; in a list of places each path has its own: {path, form}"
    : "form is of a box that is one path; the keys of box say it here";
}
