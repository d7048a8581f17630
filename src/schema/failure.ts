import * as v from "valibot";
import { AppError, ERROR_CODES, type ErrorCode } from "../errors.ts";

/** An error sent between processes: `error` of the document of `AppError.toDocument`. */
export const FailureSchema = v.object({
  code: v.string(),
  message: v.string(),
  details: v.optional(v.record(v.string(), v.unknown())),
});
export type Failure = v.InferOutput<typeof FailureSchema>;

/** Converts it back to an error; codes of other program versions become `internal`. */
export function failureError({ code, message, details }: Failure): AppError {
  const known = code in ERROR_CODES ? (code as ErrorCode) : "internal";
  return new AppError(known, message, details === undefined ? {} : { details });
}
