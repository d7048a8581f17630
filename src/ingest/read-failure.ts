import { AppError } from "../errors.ts";
import { isOutOfMemory } from "../query/less-memory.ts";

/** What the engine says of data that it cannot read: `Invalid Input Error: Snappy decompression failure`. */
const OF_DATA =
  /^(Invalid|Invalid Input|IO|Conversion|Out of Range|Serialization|Not implemented|Parser|Binder|Invalid Configuration) Error: (.*)/;

/**
 * `invalid_input` naming the input for an error of the engine about its data, `too_large` where that needs more memory
 * than there is for it; any other error as it came.
 */
export function readFailure(error: unknown, path: string): unknown {
  if (error instanceof AppError || !(error instanceof Error)) return error;
  if (isOutOfMemory(error)) {
    return new AppError(
      "too_large",
      `${path} needs more memory than an upload may use: it has too many columns, or values that are too long; give the values of a row as lists, or shorter ones`,
      { details: { path }, cause: error },
    );
  }
  const [, , why] = OF_DATA.exec(error.message) ?? [];
  if (why === undefined) return error;
  return new AppError("invalid_input", `${path} cannot be read: ${why}; copy or write it again`, {
    details: { path },
    cause: error,
  });
}
