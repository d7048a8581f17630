import * as v from "valibot";
import { AppError } from "../errors.ts";
import { checkValue } from "./check.ts";
import { FailureSchema } from "./failure.ts";
import { OPERATION_STATES } from "./operation.ts";
import { SelectionSchema } from "./partition.ts";
import { RowPlaceEntries } from "./row-key.ts";

/** A share: `5%`, or a number above 0 and up to 1. The output is the number. */
export const SampleSchema = v.pipe(
  v.union([v.string(), v.number()]),
  v.transform(parseShare),
  v.check((share) => share > 0 && share <= 1, "is not a share of the assets; write for example 5%"),
);

function parseShare(given: string | number): number {
  if (typeof given === "number") return given;
  const match = /^(\d+(?:\.\d+)?)\s*%$/.exec(given.trim());
  return match?.[1] === undefined ? Number.NaN : Number(match[1]) / 100;
}

/** Which assets to check, and how. */
export const VerifyRequestSchema = v.strictObject({
  ...SelectionSchema.entries,
  /** A sample that is the same at every run; default all assets. */
  sample: v.optional(SampleSchema),
  /** Read every asset and compare its SHA-256 instead of only its size. */
  hash: v.optional(v.boolean(), false),
});
export type VerifyRequest = v.InferOutput<typeof VerifyRequestSchema>;

export const ASSET_PROBLEMS = ["missing", "wrong_size", "wrong_hash", "unreadable"] as const;
export type AssetProblem = (typeof ASSET_PROBLEMS)[number];

/** An asset that differs from the catalog, and the first row that refers to it. */
export const AssetFindingSchema = v.object({
  problem: v.picklist(ASSET_PROBLEMS),
  /** Relative to `assets/`. */
  path: v.string(),
  /** Size or SHA-256 in the catalog and as found; for an unreadable asset the error. */
  expected: v.nullable(v.string()),
  found: v.nullable(v.string()),
  ...RowPlaceEntries,
  /** Selected rows that refer to it. */
  rows: v.number(),
});
export type AssetFinding = v.InferOutput<typeof AssetFindingSchema>;

export const VerifySummarySchema = v.object({
  /** Of the catalog. */
  generation: v.number(),
  /** Selected partitions, and distinct assets checked. */
  partitions: v.number(),
  checked: v.number(),
  ok: v.number(),
  missing: v.number(),
  /** Wrong size, wrong content, or unreadable. */
  corrupt: v.number(),
  /** `ok` / `checked`; 1 if nothing was checked. */
  integrity: v.number(),
  hash: v.boolean(),
  sample: v.nullable(v.number()),
  bytes_read: v.number(),
  duration_ms: v.number(),
});
export type VerifySummary = v.InferOutput<typeof VerifySummarySchema>;

export const VerifyProgressSchema = v.object({
  done: v.number(),
  total: v.nullable(v.number()),
  bytes_read: v.number(),
  missing: v.number(),
  corrupt: v.number(),
  /** Assets per second, and seconds left at that rate; null while unknown. */
  per_second: v.nullable(v.number()),
  seconds_left: v.nullable(v.number()),
});
export type VerifyProgress = v.InferOutput<typeof VerifyProgressSchema>;

export const VerificationSchema = v.object({
  validation_id: v.string(),
  status: v.picklist(OPERATION_STATES),
  created_at: v.string(),
  finished_at: v.nullable(v.string()),
  request: v.object({ ...VerifyRequestSchema.entries, sample: v.optional(v.number()) }),
  progress: VerifyProgressSchema,
  summary: v.nullable(VerifySummarySchema),
  /** The first 1,000; the report has all. */
  findings: v.array(AssetFindingSchema),
  error: v.optional(FailureSchema),
});
export type Verification = v.InferOutput<typeof VerificationSchema>;

export function emptyVerifyProgress(): VerifyProgress {
  return {
    done: 0,
    total: null,
    bytes_read: 0,
    missing: 0,
    corrupt: 0,
    per_second: null,
    seconds_left: null,
  };
}

/** Parses a request of a user or program. Throws `usage`. */
export function parseVerifyRequest(request: unknown): VerifyRequest {
  const checked = checkValue(VerifyRequestSchema, request);
  if (checked.success) return checked.output;
  const [issue] = checked.issues;
  throw new AppError("usage", `${v.getDotPath(issue) ?? "the selection"} ${issue.message}`);
}
