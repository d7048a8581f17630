import * as v from "valibot";
import { listOf, textUpTo } from "./bounds.ts";
import { quoteExcerpt } from "./excerpt.ts";

/**
 * A filter of rows is a text `name=value`. Filters of different names all hold, those of one name are alternatives. A
 * measure takes a number or a range, `10..20` (20 exclusive), `10..` or `..20`. Any other name takes a text that the
 * value is, or nothing: then rows without a value.
 */
export const MEASURES = [
  "width",
  "height",
  "bytes",
  "pages",
  /** Width by height of the upright page. */
  "image.pixels",
  /** Of a label by its view, on all pages of the row. */
  "label.regions",
  "label.characters",
] as const;
export type Measure = (typeof MEASURES)[number];

/** Names of what a label holds: they are no columns, and known where labels were counted. */
export const LABEL_TERMS = ["label.category", "label.script"] as const;
export type LabelTerm = (typeof LABEL_TERMS)[number];

export interface Range {
  from: number | undefined;
  /** Exclusive. */
  to: number | undefined;
}

/** All filters of one name. */
export type RowFilter =
  | { name: Measure; ranges: Range[] }
  /** The name is a column, or one of `LABEL_TERMS`; `type` is that of the engine's table, once it is known. */
  | { name: string; values: string[]; type?: string };

const MAX_FILTERS = 500;
/** A name of a column and a value. */
const MAX_CHARS = 3000;

export const RowFilterTextsSchema = v.pipe(
  listOf(textUpTo(MAX_CHARS), MAX_FILTERS),
  v.rawCheck(({ dataset, addIssue }) => {
    if (!dataset.typed) return;
    for (const text of dataset.value) {
      const message = filterProblem(text);
      if (message !== undefined) return addIssue({ message });
    }
  }),
);

/** Filters by name, in the order in which the names are first met. The texts are checked. */
export function readFilters(texts: readonly string[]): RowFilter[] {
  const byName = Map.groupBy(texts.map(splitFilter), ({ name }) => name);
  return Array.from(byName, ([name, all]) => {
    const values = [...new Set(all.map(({ value }) => value))];
    if (!isMeasure(name)) return { name, values };
    return { name, ranges: values.map((value) => readRange(value) as Range) };
  });
}

export function isMeasure(name: string): name is Measure {
  return (MEASURES as readonly string[]).includes(name);
}

/** Whether a name is of what a label holds. */
export function isOfLabel(name: string): boolean {
  return name.startsWith("label.");
}

export function splitFilter(text: string): { name: string; value: string } {
  const at = text.indexOf("=");
  return at < 0 ? { name: text, value: "" } : { name: text.slice(0, at).trim(), value: text.slice(at + 1) };
}

function filterProblem(text: string): string | undefined {
  const shown = quoteExcerpt(text);
  if (text.indexOf("=") < 1) return `the filter ${shown} has no name and value; write name=value, as lang=ko`;
  if (!text.isWellFormed() || text.includes("\0"))
    return `the filter ${shown} holds what no stored text does`;
  const { name, value } = splitFilter(text);
  if (isMeasure(name)) {
    if (readRange(value) !== undefined) return undefined;
    return `the filter ${shown} has no number or range; write ${name}=10..20, ${name}=10.. or ${name}=10`;
  }
  if (!name.includes(".") || (LABEL_TERMS as readonly string[]).includes(name)) return undefined;
  return `the filter ${shown} has an unknown name; there are columns, ${[...MEASURES, ...LABEL_TERMS].join(", ")}`;
}

function readRange(text: string): Range | undefined {
  const parts = text.trim().split("..");
  const numbers = parts.map((part) => (part === "" ? undefined : Number(part)));
  if (!parts.every((part) => /^(\d{1,15})?$/.test(part))) return undefined;
  const [from, to] = numbers;
  // Measures are whole numbers.
  if (parts.length === 1) return from === undefined ? undefined : { from, to: from + 1 };
  if (parts.length > 2 || (from === undefined && to === undefined)) return undefined;
  return { from, to };
}

/** What rows can be sorted by; a `-` in front turns it round. */
export const SORT_NAMES = [
  /** When the newest upload of the row's partition came; then the rows that were stored last. */
  "uploaded",
  "source_name",
  "bytes",
  "image.pixels",
  "label.regions",
  "label.characters",
] as const;
export type SortName = (typeof SORT_NAMES)[number];

export interface RowOrder {
  by: SortName;
  isDescending: boolean;
}

export const RowOrderSchema = v.pipe(
  v.string(),
  v.check(
    (text) => (SORT_NAMES as readonly string[]).includes(text.replace(/^-/, "")),
    `is not what rows are sorted by: ${SORT_NAMES.join(", ")}, with - in front the other way round`,
  ),
  v.transform(
    (text): RowOrder => ({ by: text.replace(/^-/, "") as SortName, isDescending: text.startsWith("-") }),
  ),
);
