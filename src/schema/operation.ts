import * as v from "valibot";
import { FailureSchema } from "./failure.ts";

/** A file of a result: its name, relative to the output folder, its size and the SHA-256 of its content. */
export const ResultFileSchema = v.object({
  name: v.string(),
  bytes: v.pipe(v.number(), v.integer(), v.minValue(0)),
  sha256: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/)),
});
export type ResultFile = v.InferOutput<typeof ResultFileSchema>;

export const OPERATION_STATES = ["queued", "running", "completed", "failed", "cancelled"] as const;

/** A long operation of a server, as it stands. */
export const OperationStateSchema = v.object({
  operation: v.string(),
  id: v.string(),
  status: v.picklist(OPERATION_STATES),
  created_at: v.string(),
  /** Null until it has ended. */
  finished_at: v.nullable(v.string()),
  request: v.unknown(),
  /** Null until it has reported some. */
  progress: v.unknown(),
  /** Of a completed one. */
  result: v.unknown(),
  files: v.array(ResultFileSchema),
  error: v.optional(FailureSchema),
});
export type OperationState = v.InferOutput<typeof OperationStateSchema>;
