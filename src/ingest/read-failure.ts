import { AppError, engineSystemError } from "../errors.ts";
import { isOutOfMemory } from "../query/less-memory.ts";

/** What the engine says of data that it cannot read: `Invalid Input Error: Snappy decompression failure`. */
const OF_DATA =
  /^(Invalid|Invalid Input|IO|Conversion|Out of Range|Serialization|Not implemented|Parser|Binder|Invalid Configuration|INTERNAL(?= Error: Information loss)) Error: (.*)/;

/**
 * `invalid_input` naming the input for an error of the engine about its data, `too_large` where that needs more memory
 * than there is for it; any other error as it came.
 */
export function readFailure(error: unknown, path: string): unknown {
  if (error instanceof AppError || !(error instanceof Error)) return error;
  if (engineSystemError(error) !== undefined) return error; // of the disk, not of the input
  if (isOutOfMemory(error)) {
    return new AppError(
      "too_large",
      `${path} needs more memory than an upload may use: it has too many columns, or values that are too long; give the values of a row as lists, or shorter ones`,
      { details: { path }, cause: error },
    );
  }
  const [, , why] = OF_DATA.exec(error.message) ?? [];
  if (why === undefined) return error;
  if (why.startsWith("Map keys must be unique")) {
    const message = `${path} has a map with a key twice in one row, of which JSON readers take one; give it as a list of objects`;
    return new AppError("invalid_input", message, { details: { path }, cause: error });
  }
  return unreadable(path, why, error);
}

/** Without the name of the file that the engine reads, which may be one in scratch. */
function ownWords(why: string): string {
  return why
    .replace(/^Error while reading file "[^"]*": /, "")
    .replace(/ (?:in|of) (?:Parquet )?file "[^"]*"/gi, "");
}

const OF_TIMES =
  /from type DATE to TIMESTAMP|timestamp.*conversion|Could not convert Timestamp|Overflow in multiplication of INT64/;

/** Numbers that have more digits than their type, in files and in what reads them, and times of day that are none. */
const OF_RANGES =
  /to type DECIMAL\(.* out of range|Information loss on integer cast|Negation of HUGEINT|^no time of day/;

/** `invalid_input` for a file of which the engine says why it cannot read it. */
export function unreadable(path: string, why: string, cause: unknown, format?: string): AppError {
  const told = OF_TIMES.test(why)
    ? "has a time that is outside of the years -290307 to 294246, or of 1677 to 2262 in nanoseconds; leave it empty, or write the column as text"
    : OF_RANGES.test(why)
      ? "has a decimal of more digits than its type, or a time of day outside of 00:00 to 24:00; leave it empty, or write the column as text"
      : `cannot be read${format ? ` as ${format}` : ""}: ${ownWords(why)}; copy or write it again`;
  return new AppError("invalid_input", `${path} ${told}`, { details: { path }, cause });
}
