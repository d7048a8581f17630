export interface Tally {
  add(name: string, count?: number): void;
  /** The `most` most frequent values, then the sum of all others. */
  top(most: number): { name: string; count: number }[];
  inOrder(names: readonly string[]): { name: string; count: number }[];
}

export function createTally(): Tally {
  const counts = new Map<string, number>();
  return {
    add: (name, count = 1) => counts.set(name, (counts.get(name) ?? 0) + count),
    top: (most) =>
      Array.from(counts, ([name, count]) => ({ name, count }))
        .sort((a, b) => b.count - a.count || (a.name < b.name ? -1 : 1))
        .slice(0, most),
    inOrder: (names) => names.map((name) => ({ name, count: counts.get(name) ?? 0 })),
  };
}

/** Name of the range of a value, chosen by the largest bound not above it. */
export function rangeOf(value: number, bounds: readonly number[]): string {
  return String(bounds.findLast((bound) => bound <= value) ?? bounds[0]);
}

const SCRIPTS = [
  ["Hangul", /\p{Script=Hangul}/u],
  ["Han", /\p{Script=Han}/u],
  ["Kana", /[\p{Script=Hiragana}\p{Script=Katakana}]/u],
  ["Latin", /\p{Script=Latin}/u],
  ["Cyrillic", /\p{Script=Cyrillic}/u],
  ["Arabic", /\p{Script=Arabic}/u],
  ["digits", /\p{Nd}/u],
] as const;

/** Scripts used in a text; `other` if none is known. */
export function scriptsOf(text: string): string[] {
  const found = SCRIPTS.filter(([, pattern]) => pattern.test(text)).map(([name]) => name);
  return found.length === 0 ? ["other"] : found;
}
