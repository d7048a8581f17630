import * as v from "valibot";
import { DIFFERENCE_KINDS } from "./labels/compare.ts";
import { NameSchema } from "./names.ts";

export const CompareRequestSchema = v.strictObject({
  provider: NameSchema,
  dataset: NameSchema,
  task: NameSchema,
  /** Variants: the reference and the one compared with it. */
  a: NameSchema,
  b: NameSchema,
});
export type CompareRequest = v.InferOutput<typeof CompareRequestSchema>;

export const DifferenceSchema = v.object({
  kind: v.picklist(DIFFERENCE_KINDS),
  a: v.nullable(v.number()),
  b: v.nullable(v.number()),
  iou: v.nullable(v.number()),
  edits: v.nullable(v.number()),
});

export const CompareResultSchema = v.object({
  generation: v.number(),
  /** Pages in both, and in only one of them. */
  pages: v.number(),
  only_a: v.number(),
  only_b: v.number(),
  /** Pages in both that have several rows in one of them; the newest row is compared. Earlier results do not tell. */
  repeated_a: v.optional(v.number(), 0),
  repeated_b: v.optional(v.number(), 0),
  equal: v.number(),
  regions_a: v.number(),
  regions_b: v.number(),
  paired: v.number(),
  differences: v.record(v.picklist(DIFFERENCE_KINDS), v.number()),
  /** Inserted, deleted or replaced characters. */
  edits: v.number(),
  /** The first pages with differences, by row key. */
  first: v.array(
    v.object({
      source_name: v.nullable(v.string()),
      a: v.string(),
      b: v.string(),
      differences: v.number(),
    }),
  ),
});
export type CompareResult = v.InferOutput<typeof CompareResultSchema>;
