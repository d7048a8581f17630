import * as v from "valibot";
import { AppError, ERROR_CODES, type ErrorCode } from "../errors.ts";

/** An error as one process tells it to another: `error` of the document that `AppError.toDocument` makes. */
export const FailureSchema = v.object({
  code: v.string(),
  message: v.string(),
  details: v.optional(v.record(v.string(), v.unknown())),
});
export type Failure = v.InferOutput<typeof FailureSchema>;

/** The error that was told; a code of another version of this program is `internal`. */
export function failureError({ code, message, details }: Failure): AppError {
  const known = code in ERROR_CODES ? (code as ErrorCode) : "internal";
  return new AppError(known, message, details === undefined ? {} : { details });
}
