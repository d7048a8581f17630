/** Filters of rows as they stand in the address: `name=value`, see schema/row-filter.ts. */
export interface Filter {
  name: string;
  value: string;
}

export function readFilter(text: string): Filter {
  const at = text.indexOf("=");
  return at < 0 ? { name: text, value: "" } : { name: text.slice(0, at), value: text.slice(at + 1) };
}

export function filterText({ name, value }: Filter): string {
  return `${name}=${value}`;
}

/** The values that are chosen of a name. */
export function chosenOf(where: readonly string[], name: string): string[] {
  return where
    .map(readFilter)
    .filter((filter) => filter.name === name)
    .map(({ value }) => value);
}

/** With a filter more, or without it where it was there. */
export function toggleFilter(where: readonly string[], filter: Filter): string[] {
  const text = filterText(filter);
  return where.includes(text) ? where.filter((one) => one !== text) : [...where, text];
}

/** `10..20` as numbers; an end that is open is undefined. */
export function readRange(value: string): { from: number | undefined; to: number | undefined } {
  const [from, to] = value.split("..").map((part) => (part === "" ? undefined : Number(part)));
  return { from, to };
}

/** Of `label.characters`: any, and none. */
export const WITH_TEXT = "1..";
export const WITHOUT_TEXT = "0..1";
