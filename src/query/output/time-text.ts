const DAY_SECONDS = 86_400;
const INFINITY_MICROS = 2n ** 63n - 1n;
const INFINITY_DAYS = 2 ** 31 - 1;

/** ISO 8601 date of days since 1970, `2026-03-01`; `infinity` and `-infinity` as in DuckDB. */
export function dateText(days: number): string {
  if (Math.abs(days) >= INFINITY_DAYS) return days < 0 ? "-infinity" : "infinity";
  const { year, month, day } = civilDate(days);
  return `${yearText(year)}-${two(month)}-${two(day)}`;
}

/** ISO 8601 of microseconds since 1970, no zone, `2026-03-01T14:05:06.123456`; fraction only if nonzero. */
export function timestampText(micros: bigint): string {
  if (micros >= INFINITY_MICROS) return "infinity";
  if (micros <= -INFINITY_MICROS) return "-infinity";
  const fraction = ((micros % 1_000_000n) + 1_000_000n) % 1_000_000n;
  const seconds = Number((micros - fraction) / 1_000_000n);
  const days = Math.floor(seconds / DAY_SECONDS);
  const time = seconds - days * DAY_SECONDS;
  const clock = [Math.floor(time / 3600), Math.floor(time / 60) % 60, time % 60].map(two).join(":");
  const digits = fraction === 0n ? "" : `.${String(fraction).padStart(6, "0")}`;
  return `${dateText(days)}T${clock}${digits}`;
}

/**
 * Converts days to year, month and day for DuckDB's range, which exceeds that of Date. (Hinnant,
 * "chrono-Compatible Low-Level Date Algorithms", civil_from_days.)
 */
function civilDate(days: number): { year: number; month: number; day: number } {
  const shifted = days + 719_468;
  const era = Math.floor(shifted / 146_097);
  const dayOfEra = shifted - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra -
      Math.floor(dayOfEra / 1460) +
      Math.floor(dayOfEra / 36_524) -
      Math.floor(dayOfEra / 146_096)) /
      365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const shiftedMonth = Math.floor((5 * dayOfYear + 2) / 153);
  const day = dayOfYear - Math.floor((153 * shiftedMonth + 2) / 5) + 1;
  const month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9;
  return { year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day };
}

/** Four digits; ISO's expanded form outside 0000 to 9999. */
function yearText(year: number): string {
  if (year >= 0 && year <= 9999) return String(year).padStart(4, "0");
  return `${year < 0 ? "-" : "+"}${String(Math.abs(year)).padStart(6, "0")}`;
}

function two(value: number): string {
  return String(value).padStart(2, "0");
}
