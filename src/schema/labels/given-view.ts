import * as v from "valibot";
import { AppError } from "../../errors.ts";
import { recordOf } from "../bounds.ts";
import { checkValue } from "../check.ts";
import { describeIssue } from "../describe-issue.ts";
import { quoteExcerpt } from "../excerpt.ts";
import { findShape, SHAPES } from "./shapes.ts";
import { type View, ViewSchema } from "./view.ts";
import { type BoxForm, takesForm, withForm } from "./view-box.ts";
import { isObject } from "./walk.ts";

/** A view as people write it: the name of a built-in shape, or a mapping, which `shape` bases on one of them. */
export type GivenView = string | Record<string, unknown>;

const SHAPE_NAMES = SHAPES.map(({ name }) => name).join(", ");

/** More than a view has. */
const MAX_FIELDS = 100;

/** The view that is meant, or what is wrong with it in a few words. */
export function checkView(given: unknown): { view: View } | { problem: string } {
  if (typeof given === "string") {
    const shape = findShape(given);
    return shape ?? { problem: `there is no shape ${quoteExcerpt(given)}; they are ${SHAPE_NAMES}` };
  }
  if (!isObject(given)) return { problem: "it is no mapping with items and box" };
  const { shape: name, ...own } = given;
  let fields = own;
  if (name !== undefined) {
    const shape = typeof name === "string" ? findShape(name) : undefined;
    if (shape === undefined)
      return { problem: `there is no shape ${quoteExcerpt(String(name))}; they are ${SHAPE_NAMES}` };
    const { form, ...others } = own;
    // A box of its own says its form itself; else the form is that of the shape's four numbers.
    if (own.box !== undefined) fields = { ...withForm(shape.view, undefined), ...own };
    else if (form === undefined || !takesForm(shape.view)) fields = { ...shape.view, ...own };
    else fields = { ...withForm(shape.view, form as BoxForm), ...others };
  }
  const checked = checkValue(ViewSchema, fields);
  return checked.success ? { view: checked.output } : { problem: describeIssue(checked.issues[0]) };
}

/** The view of what stands at `place` (a file, a task). Throws `invalid_view`. */
export function resolveView(given: unknown, place: string): View {
  const checked = checkView(given);
  if ("view" in checked) return checked.view;
  throw new AppError(
    "invalid_view",
    `${place}: ${checked.problem}; correct the view (\`datalake help labels\`)`,
  );
}

/** The view of a file's content: the mapping itself, or under `view:`, as `view detect` prints it. */
export function unwrapView(content: unknown): unknown {
  return isObject(content) && content.view !== undefined ? content.view : content;
}

/** A view in settings, requests and documents. */
export const GivenViewSchema = v.pipe(
  v.union(
    [v.string(), recordOf(v.string(), v.unknown(), MAX_FIELDS)],
    "is no view: the name of a shape, or a mapping",
  ),
  v.rawCheck(({ dataset, addIssue }) => {
    if (!dataset.typed) return;
    const checked = checkView(dataset.value);
    if ("problem" in checked) addIssue({ message: checked.problem });
  }),
);
