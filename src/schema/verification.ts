import * as v from "valibot";
import { AppError } from "../errors.ts";
import { checkValue } from "./check.ts";
import { FailureSchema } from "./failure.ts";
import { OPERATION_STATES } from "./operation.ts";
import { SelectionSchema } from "./partition.ts";

/** A share of all: `5%`, or a number above 0 and up to 1. Comes out as that number. */
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

/** Which assets are looked at, and how closely. */
export const VerifyRequestSchema = v.strictObject({
  ...SelectionSchema.entries,
  /** The same share of the assets at every run; all without. */
  sample: v.optional(SampleSchema),
  /** Read every asset and compare its SHA-256, not only its size. */
  hash: v.optional(v.boolean(), false),
});
export type VerifyRequest = v.InferOutput<typeof VerifyRequestSchema>;

export const ASSET_PROBLEMS = ["missing", "wrong_size", "wrong_hash", "unreadable"] as const;
export type AssetProblem = (typeof ASSET_PROBLEMS)[number];

/** An asset that is not what the catalog says, and the first row that names it. */
export const AssetFindingSchema = v.object({
  problem: v.picklist(ASSET_PROBLEMS),
  /** Relative to `assets/`. */
  path: v.string(),
  /** Size or SHA-256 by the catalog, and as found; of an unreadable one why. */
  expected: v.nullable(v.string()),
  found: v.nullable(v.string()),
  provider: v.string(),
  dataset: v.string(),
  task: v.string(),
  variant: v.string(),
  upload_id: v.nullable(v.string()),
  /** 0-based position in what was uploaded. */
  source_row: v.nullable(v.number()),
  source_name: v.nullable(v.string()),
  /** How many of the selected rows name it. */
  rows: v.number(),
});
export type AssetFinding = v.InferOutput<typeof AssetFindingSchema>;

export const VerifySummarySchema = v.object({
  /** Of the catalog that named the assets. */
  generation: v.number(),
  /** Selected partitions, and distinct assets that were looked at. */
  partitions: v.number(),
  checked: v.number(),
  ok: v.number(),
  missing: v.number(),
  /** Of a wrong size, with other bytes than their name says, or unreadable. */
  corrupt: v.number(),
  /** `ok` of `checked`; 1 when there was nothing to look at. */
  integrity: v.number(),
  hash: v.boolean(),
  sample: v.nullable(v.number()),
  /** Bytes that were read. */
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
  /** Assets a second, and seconds left at that rate; null while unknown. */
  per_second: v.nullable(v.number()),
  seconds_left: v.nullable(v.number()),
});
export type VerifyProgress = v.InferOutput<typeof VerifyProgressSchema>;

/** One check of assets by a server. */
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

/** Checks a request as a person or a program wrote it. Throws `usage`. */
export function parseVerifyRequest(request: unknown): VerifyRequest {
  const checked = checkValue(VerifyRequestSchema, request);
  if (checked.success) return checked.output;
  const [issue] = checked.issues;
  throw new AppError("usage", `${v.getDotPath(issue) ?? "the selection"} ${issue.message}`);
}

/** How many findings an answer holds; a report holds all. */
export const SHOWN_FINDINGS = 1000;
