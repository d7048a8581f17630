import { isDeepStrictEqual } from "node:util";
import type { GivenView } from "../given-view.ts";
import type { Shape } from "../shapes.ts";
import { type View, ViewSchema } from "../view.ts";
import { fourNumbersOf, withForm } from "../view-box.ts";

/** A view as it is best written: the name of its shape, the shape with what differs, or all of it. */
export function shortenView(view: View, shape: Shape | undefined): GivenView {
  if (shape === undefined) return inOrder(view);
  // Of several places, that of the four numbers has another form: the form alone says it.
  const form = Array.isArray(shape.view.box) ? fourNumbersOf(view)?.form : undefined;
  const base: Record<string, unknown> = form === undefined ? shape.view : withForm<View>(shape.view, form);
  const changed = Object.entries(view).filter(([field, value]) => !isDeepStrictEqual(base[field], value));
  if (form !== undefined && form !== fourNumbersOf(shape.view)?.form) changed.unshift(["form", form]);
  if (changed.length === 0 && Object.keys(base).every((field) => field in view)) return shape.name;
  const isWhole = Object.keys(base).every((field) => field in view);
  return isWhole ? { shape: shape.name, ...Object.fromEntries(changed) } : inOrder(view);
}

/** With its fields in the order in which the manual explains them. */
function inOrder(view: View): GivenView {
  const given: Record<string, unknown> = view;
  const fields = Object.keys(ViewSchema.entries).filter((field) => given[field] !== undefined);
  return Object.fromEntries(fields.map((field) => [field, given[field]]));
}
