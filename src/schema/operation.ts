import * as v from "valibot";
import { FailureSchema } from "./failure.ts";

/** A result file: name relative to the output folder, size and SHA-256. */
export const ResultFileSchema = v.object({
  name: v.string(),
  bytes: v.pipe(v.number(), v.integer(), v.minValue(0)),
  sha256: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/)),
});
export type ResultFile = v.InferOutput<typeof ResultFileSchema>;

export const OPERATION_STATES = ["queued", "running", "completed", "failed", "cancelled"] as const;

/** The last completed run of an operation, as it is kept in the lake. */
export const RunRecordSchema = v.object({
  operation: v.string(),
  finished_at: v.string(),
  request: v.unknown(),
  /** What the operation keeps of its result. */
  result: v.unknown(),
});
export type RunRecord = v.InferOutput<typeof RunRecordSchema>;

/** State of a long-running operation on a server. */
export const OperationStateSchema = v.object({
  operation: v.string(),
  id: v.string(),
  status: v.picklist(OPERATION_STATES),
  created_at: v.string(),
  /** Null until it ends. */
  finished_at: v.nullable(v.string()),
  request: v.unknown(),
  /** Null until the first report. */
  progress: v.unknown(),
  /** Set when completed. */
  result: v.unknown(),
  files: v.array(ResultFileSchema),
  error: v.optional(FailureSchema),
});
export type OperationState = v.InferOutput<typeof OperationStateSchema>;
