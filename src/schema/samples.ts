import * as v from "valibot";
import { recordOf } from "./bounds.ts";
import { GivenViewSchema } from "./labels/given-view.ts";
import { nameProblem } from "./names.ts";
import { GivenPromptSchema } from "./prompts.ts";

/** Splits of a training set with shares that add up to 1: `{train: 0.9, val: 0.1}`. */
export const SplitSharesSchema = v.pipe(
  recordOf(
    v.pipe(
      v.string(),
      v.check(
        (name) => nameProblem(name) === undefined && /^[\w-]+$/.test(name),
        "is not the name of a part (train, val, test)",
      ),
    ),
    v.pipe(v.number(), v.gtValue(0, "is no share above 0"), v.maxValue(1, "is a share above 1")),
    100,
  ),
  v.check((shares) => Object.keys(shares).length > 0, "names no part"),
  v.check(
    (shares) => Math.abs(Object.values(shares).reduce((sum, share) => sum + share, 0) - 1) < 1e-9,
    "has shares that do not add up to 1",
  ),
);
export type SplitShares = v.InferOutput<typeof SplitSharesSchema>;

/** Maximum number of pages on one contact sheet. */
export const MAX_SAMPLE_IMAGES = 30;

/** How rows become training samples; for sample formats. */
export const SampleWishesSchema = v.strictObject({
  /** Overrides the views of the tasks; null: labels are not read. */
  view: v.optional(v.nullable(GivenViewSchema)),
  /** Default: the column `split`; without it all rows are in `train`. */
  split: v.optional(SplitSharesSchema),
  /** Columns whose equal values keep rows in one split, in addition to document and page. */
  group_by: v.optional(v.pipe(v.array(v.string()), v.maxLength(16, "are more than 16 columns")), []),
  prompt: v.optional(GivenPromptSchema),
  /** Pages on the contact sheet. */
  sample_images: v.optional(
    v.pipe(
      v.number(),
      v.integer("is no whole number"),
      v.minValue(0, "is below 0"),
      v.maxValue(MAX_SAMPLE_IMAGES, `is above ${MAX_SAMPLE_IMAGES}`),
    ),
    0,
  ),
});
export type SampleWishes = v.InferOutput<typeof SampleWishesSchema>;
export type SampleWishesInput = v.InferInput<typeof SampleWishesSchema>;

/** What wishes need of an output format: training formats have samples, some of them prompts. */
export interface WishesFormat {
  readonly name: string;
  readonly openSamples?: unknown;
  readonly hasPrompts?: boolean;
}

/** Which of the wishes the format would pass over; undefined if none. */
export function wishesProblem(format: WishesFormat, wishes: SampleWishesInput = {}): string | undefined {
  const { view, split, group_by: groupBy = [], prompt, sample_images: images = 0 } = wishes;
  const given = Object.entries({
    view,
    split,
    group_by: groupBy[0],
    prompt,
    sample_images: images || undefined,
  })
    .filter(([, value]) => value !== undefined)
    .map(([name]) => name);
  if (format.openSamples === undefined && given[0] !== undefined)
    return `${given[0]} is for training formats; format ${format.name} writes rows as they are`;
  if (groupBy.length > 0 && split === undefined)
    return "group_by says what split keeps together; give split too";
  if (prompt !== undefined && !format.hasPrompts)
    return `prompt is for formats with questions; format ${format.name} has none`;
  return undefined;
}
