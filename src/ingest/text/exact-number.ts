/** What a number as it is written can be stored as. */
export type NumberKind =
  /** An integer that a DOUBLE holds as well. */
  | "int"
  /** An integer of 64 bits that a DOUBLE would round. */
  | "bigint"
  /** A DOUBLE gives it back. */
  | "double"
  /** Neither holds it: it stays text. */
  | "decimal";

const WHOLE = /^-?\d+$/;
const SURE_DIGITS = 15;
const SURE_LENGTH = 17;
const MIN_INT64 = -(2n ** 63n);
const MAX_INT64 = 2n ** 63n - 1n;

/** The kind of a number written as in JSON, which may be longer than any type. */
export function numberKind(text: string): NumberKind {
  if (WHOLE.test(text)) {
    if (text === "-0") return "double"; // an integer has no sign there
    if (text.length <= SURE_DIGITS) return "int";
    const value = BigInt(text);
    if (value < MIN_INT64 || value > MAX_INT64) return "decimal"; // as a double it would be written otherwise
    return isExactDouble(text) ? "int" : "bigint";
  }
  return isExactDouble(text) ? "double" : "decimal";
}

/** Whether the shortest text of the nearest double is the same number. */
function isExactDouble(text: string): boolean {
  if (text.length <= SURE_LENGTH && !/[eE]/.test(text) && significant(text).length <= SURE_DIGITS)
    return true;
  const value = Number(text);
  if (!Number.isFinite(value)) return false;
  const digits = significant(text);
  if (value === 0) return digits === "";
  return significant(String(value)) === digits;
}

/**
 * Its digits without sign, point, exponent, and zeros at either end: equal ones of near numbers mean equal numbers.
 */
function significant(text: string): string {
  const mantissa = text.replace(/[eE].*$/, "").replace(/[-.]/g, "");
  return mantissa.replace(/^0+/, "").replace(/0+$/, "");
}

/** What is said of a column whose numbers stay text. */
export function longNumbers(column: string): string {
  return `the numbers of ${column} are kept as text, as written: neither int64 nor double holds all of them exactly`;
}
