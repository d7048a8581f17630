import * as v from "valibot";
import { checkValue } from "./check.ts";
import { FAULT_KINDS } from "./labels/faults.ts";
import { GivenViewSchema } from "./labels/given-view.ts";
import { RowQuerySchema } from "./query.ts";

/** Which rows' labels are checked, and by which view; those of their tasks without. */
export const LabelCheckRequestSchema = v.pipe(
  v.strictObject({ ...RowQuerySchema.entries, view: v.optional(GivenViewSchema) }),
  v.rawCheck(({ dataset, addIssue }) => {
    if (!dataset.typed) return;
    const query = checkValue(RowQuerySchema, dataset.value);
    if (!query.success) addIssue({ message: query.issues[0].message });
  }),
);
export type LabelCheckRequest = v.InferOutput<typeof LabelCheckRequestSchema>;

/** Something in a label that does not fit its view. */
export const LabelFindingSchema = v.object({
  kind: v.picklist(FAULT_KINDS),
  /** Where in the label. */
  at: v.string(),
  message: v.string(),
  provider: v.string(),
  dataset: v.string(),
  task: v.string(),
  variant: v.string(),
  upload_id: v.nullable(v.string()),
  /** 0-based position in what was uploaded. */
  source_row: v.nullable(v.number()),
  source_name: v.nullable(v.string()),
  /** How many there are in this row; the first 100 are told. */
  of_row: v.number(),
});
export type LabelFinding = v.InferOutput<typeof LabelFindingSchema>;

export const LabelCheckSummarySchema = v.object({
  /** Of the catalog that was read. */
  generation: v.number(),
  /** Selected partitions that have a view, and the names of those that have none. */
  partitions: v.number(),
  without_view: v.array(v.string()),
  /** Rows that were read, those of them that have a label, and those whose label fits its view. */
  rows: v.number(),
  labels: v.number(),
  fitting: v.number(),
  regions: v.number(),
  questions: v.number(),
  /** Regions whose text says that it is unreadable. */
  unreadable: v.number(),
  /** Objects among the regions of a view with `join` that have neither a box nor a text nor a category. */
  skipped: v.number(),
  /** Number of findings of each kind. */
  faults: v.record(v.string(), v.number()),
  duration_ms: v.number(),
});
export type LabelCheckSummary = v.InferOutput<typeof LabelCheckSummarySchema>;

/** What a check of labels found: the counts, and the first 1,000 findings. */
export const LabelCheckSchema = v.object({
  summary: LabelCheckSummarySchema,
  findings: v.array(LabelFindingSchema),
});
export type LabelCheck = v.InferOutput<typeof LabelCheckSchema>;

export const LabelCheckProgressSchema = v.object({
  rows_done: v.number(),
  rows_total: v.number(),
  /** Rows whose label does not fit. */
  rows_bad: v.number(),
});
export type LabelCheckProgress = v.InferOutput<typeof LabelCheckProgressSchema>;
