import { language } from "../state/preferences.ts";
import { en, type Texts } from "./en.ts";
import { ko } from "./ko.ts";

const ALL: Record<typeof language.value, Texts> = { en, ko };

/** The texts of the chosen language; a component that calls this follows the choice. */
export function texts(): Texts {
  return ALL[language.value];
}

export function formatNumber(value: number): string {
  return value.toLocaleString(language.value);
}

/** Decimal, as `1.2 GB`. */
export function formatBytes(bytes: number): string {
  const units = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte", "petabyte"];
  const power = bytes < 1000 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(bytes) / 3));
  const value = bytes / 1000 ** power;
  return new Intl.NumberFormat(language.value, {
    style: "unit",
    unit: units[power] as string,
    unitDisplay: power === 0 ? "long" : "short",
    maximumFractionDigits: value < 10 && power > 0 ? 1 : 0,
  }).format(value);
}

/** A date and time in ISO 8601, as people of the language write it. */
export function formatTime(iso: string): string {
  return new Intl.DateTimeFormat(language.value, { dateStyle: "medium", timeStyle: "short" }).format(
    new Date(iso),
  );
}

const STEPS = [
  ["day", 86_400],
  ["hour", 3600],
  ["minute", 60],
  ["second", 1],
] as const;

/** How long ago something was: `3 minutes ago`. */
export function formatAge(seconds: number): string {
  const [unit, size] = STEPS.find(([, size]) => seconds >= size) ?? ["second", 1];
  return new Intl.RelativeTimeFormat(language.value, { numeric: "auto" }).format(
    -Math.floor(seconds / size),
    unit,
  );
}

/** A span of time: `2 hours, 5 minutes`. */
export function formatSpan(seconds: number): string {
  const parts = STEPS.map(([unit, size], at) => {
    const above = at === 0 ? Number.POSITIVE_INFINITY : (STEPS[at - 1]?.[1] as number);
    return { unit, count: Math.floor((seconds % above) / size) };
  }).filter(({ count }) => count > 0);
  const shown = (parts.length === 0 ? [{ unit: "second", count: 0 }] : parts).slice(0, 2);
  return shown
    .map(({ unit, count }) =>
      new Intl.NumberFormat(language.value, { style: "unit", unit, unitDisplay: "long" }).format(count),
    )
    .join(" ");
}
