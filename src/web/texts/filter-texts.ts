import type { Measure } from "../../schema/row-filter.ts";
import { readRange, WITH_TEXT, WITHOUT_TEXT } from "../state/filters.ts";
import { formatNumber, texts } from "./texts.ts";

/** How a filter's name is called: columns by their own. */
export function filterName(name: string): string {
  const names: Record<string, string> = texts().filters.names;
  return Object.hasOwn(names, name) ? (names[name] as string) : name;
}

const MILLION = 1_000_000;
const RANGES: Record<Measure, true> = {
  width: true,
  height: true,
  bytes: true,
  pages: true,
  "image.pixels": true,
  "label.regions": true,
  "label.characters": true,
};

/** How the value of a filter is called: of a range its ends. */
export function filterValue(name: string, value: string): string {
  const { none, scripts, hasText, noText } = texts().filters;
  const known: Record<string, string> = scripts;
  if (name === "label.script" && Object.hasOwn(known, value)) return known[value] as string;
  if (name === "label.characters" && value === WITH_TEXT) return hasText;
  if (name === "label.characters" && value === WITHOUT_TEXT) return noText;
  if (!Object.hasOwn(RANGES, name)) return value === "" ? none : value;
  if (!value.includes("..")) return formatNumber(Number(value));
  const { from = 0, to } = readRange(value);
  if (name === "image.pixels") {
    const mega = (pixels: number) => formatNumber(pixels / MILLION);
    return to === undefined ? `≥ ${mega(from)} MP` : `${mega(from)}–${mega(to)} MP`;
  }
  if (to === undefined) return `≥ ${formatNumber(from)}`;
  return to - 1 === from ? formatNumber(from) : `${formatNumber(from)}–${formatNumber(to - 1)}`;
}
