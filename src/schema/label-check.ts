import * as v from "valibot";
import { checkValue } from "./check.ts";
import { FAULT_KINDS } from "./labels/faults.ts";
import { GivenViewSchema } from "./labels/given-view.ts";
import { RowQuerySchema } from "./query.ts";
import { RowPlaceEntries } from "./row-key.ts";

/** Rows to check, and the view to use; default is the view of their tasks. */
export const LabelCheckRequestSchema = v.pipe(
  v.strictObject({ ...RowQuerySchema.entries, view: v.optional(GivenViewSchema) }),
  v.rawCheck(({ dataset, addIssue }) => {
    if (!dataset.typed) return;
    const query = checkValue(RowQuerySchema, dataset.value);
    if (!query.success) addIssue({ message: query.issues[0].message });
  }),
);
export type LabelCheckRequest = v.InferOutput<typeof LabelCheckRequestSchema>;

/** A mismatch between a label and its view. */
export const LabelFindingSchema = v.object({
  kind: v.picklist(FAULT_KINDS),
  at: v.string(),
  message: v.string(),
  ...RowPlaceEntries,
  /** Findings of this row; only the first 100 are reported. */
  of_row: v.number(),
});
export type LabelFinding = v.InferOutput<typeof LabelFindingSchema>;

export const LabelCheckSummarySchema = v.object({
  /** Of the catalog. */
  generation: v.number(),
  /** Selected partitions with a view, and the names of those without. */
  partitions: v.number(),
  without_view: v.array(v.string()),
  /** Partitions of which no row has a label where their view looks, with its column; earlier servers do not say. */
  without_labels: v.optional(v.array(v.object({ partition: v.string(), column: v.string() })), []),
  /** Rows read, with a label, and with a valid label. */
  rows: v.number(),
  labels: v.number(),
  fitting: v.number(),
  regions: v.number(),
  questions: v.number(),
  unreadable: v.number(),
  /** Objects without box, text and category among the regions of a view with `join`. */
  skipped: v.number(),
  /** Count per kind of finding. */
  faults: v.record(v.string(), v.number()),
  duration_ms: v.number(),
});
export type LabelCheckSummary = v.InferOutput<typeof LabelCheckSummarySchema>;

/** Exit code of a check: 3 where something does not fit, or no row has a label where its view looks. */
export function labelCheckExit({ faults, labels, rows }: LabelCheckSummary): number {
  return Object.keys(faults).length > 0 || (labels === 0 && rows > 0) ? 3 : 0;
}

/** Result of a label check: counts and the first 1,000 findings. */
export const LabelCheckSchema = v.object({
  summary: LabelCheckSummarySchema,
  findings: v.array(LabelFindingSchema),
});
export type LabelCheck = v.InferOutput<typeof LabelCheckSchema>;

export const LabelCheckProgressSchema = v.object({
  rows_done: v.number(),
  rows_total: v.number(),
  rows_bad: v.number(),
});
export type LabelCheckProgress = v.InferOutput<typeof LabelCheckProgressSchema>;
