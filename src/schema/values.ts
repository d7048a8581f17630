import * as v from "valibot";

export const CountSchema = v.pipe(
  v.number(),
  v.check((value) => Number.isSafeInteger(value) && value >= 0, "is not a count (an integer of at least 0)"),
);

const TIME = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d)(?::(\d\d)(?:\.\d{1,9})?)?(?:Z|[+-](\d\d):(\d\d))$/;

/** Whether a text is a valid time in ISO 8601 with time zone: `2026-11-29T11:04:50.123Z`. */
export function isTime(text: string): boolean {
  const match = TIME.exec(text);
  if (!match) return false;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0, zoneHour = 0, zoneMinute = 0] = match
    .slice(1)
    .map((part) => Number(part ?? 0));
  const inMonth = year >= 1 && month >= 1 && month <= 12 && day >= 1 && day <= daysIn(year, month);
  return inMonth && hour < 24 && minute < 60 && second < 60 && zoneHour < 24 && zoneMinute < 60;
}

function daysIn(year: number, month: number): number {
  const isLeap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
  return month === 2 ? (isLeap ? 29 : 28) : [4, 6, 9, 11].includes(month) ? 30 : 31;
}

export const TimeSchema = v.pipe(v.string(), v.check(isTime, "is not a time (2026-11-29T11:04:50Z)"));

/**
 * Text that every format and database can store: at most `maxLength` characters, no NUL, no lone surrogates.
 */
export function textOf(maxLength: number) {
  return v.pipe(
    v.string(),
    v.check((text) => text.length <= maxLength, `has more than ${maxLength} characters`),
    v.check((text) => text.isWellFormed() && !text.includes("\0"), "contains invalid characters"),
  );
}

/** The same in one line, for tables and logs. */
export function lineOf(maxLength: number) {
  return v.pipe(
    textOf(maxLength),
    v.check((text) => !/\p{Cc}/u.test(text), "contains control characters"),
  );
}

/** Maximum nesting; code that walks the value recurses. */
const MAX_DEPTH = 64;

/** Whether a JSON value is shallow enough to walk. */
export function isShallow(value: unknown): boolean {
  let level = [value];
  for (let depth = 0; depth < MAX_DEPTH; depth++) {
    level = level.flatMap((one) => (typeof one === "object" && one !== null ? Object.values(one) : []));
    if (level.length === 0) return true;
  }
  return false;
}
