import { language } from "../state/preferences.ts";
import { en, type Texts } from "./en.ts";
import { ko } from "./ko.ts";

const ALL: Record<typeof language.value, Texts> = { en, ko };

/** The texts of the chosen language; a component that calls this follows the choice. */
export function texts(): Texts {
  return ALL[language.value];
}

/** Formatters are dear to make: one for each language and use. */
const made = new Map<string, Intl.NumberFormat | Intl.DateTimeFormat | Intl.RelativeTimeFormat>();

function formatter<F extends Intl.NumberFormat | Intl.DateTimeFormat | Intl.RelativeTimeFormat>(
  use: string,
  make: (language: string) => F,
): F {
  const key = `${language.value} ${use}`;
  const known = made.get(key) as F | undefined;
  if (known !== undefined) return known;
  const fresh = make(language.value);
  made.set(key, fresh);
  return fresh;
}

export function formatNumber(value: number): string {
  return formatter("number", (tag) => new Intl.NumberFormat(tag)).format(value);
}

const UNITS = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte", "petabyte"] as const;

/** Decimal, as `1.2 GB`. */
export function formatBytes(bytes: number): string {
  const power = bytes < 1000 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log10(bytes) / 3));
  const value = bytes / 1000 ** power;
  const unit = UNITS[power] as string;
  const digits = value < 10 && power > 0 ? 1 : 0;
  const make = (tag: string) =>
    new Intl.NumberFormat(tag, {
      style: "unit",
      unit,
      unitDisplay: power === 0 ? "long" : "short",
      maximumFractionDigits: digits,
    });
  return formatter(`${unit} ${digits}`, make).format(value);
}

/** A date and time in ISO 8601, as people of the language write it. */
export function formatTime(iso: string): string {
  const make = (tag: string) => new Intl.DateTimeFormat(tag, { dateStyle: "medium", timeStyle: "short" });
  return formatter("time", make).format(new Date(iso));
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
  const make = (tag: string) => new Intl.RelativeTimeFormat(tag, { numeric: "auto" });
  return formatter("age", make).format(-Math.floor(seconds / size), unit);
}

/** A span of time: `2 hours 5 minutes`. */
export function formatSpan(seconds: number): string {
  const parts = STEPS.map(([unit, size], at) => {
    const above = at === 0 ? Number.POSITIVE_INFINITY : (STEPS[at - 1]?.[1] as number);
    return { unit, count: Math.floor((seconds % above) / size) };
  }).filter(({ count }) => count > 0);
  const shown = (parts.length === 0 ? [{ unit: "second", count: 0 }] : parts).slice(0, 2);
  return shown
    .map(({ unit, count }) => {
      const make = (tag: string) => new Intl.NumberFormat(tag, { style: "unit", unit, unitDisplay: "long" });
      return formatter(`${unit} long`, make).format(count);
    })
    .join(" ");
}
