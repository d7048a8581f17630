/** How often values occur, by name. */
export interface Tally {
  add(name: string, count?: number): void;
  /** The most frequent first, at most so many; the rest together. */
  top(most: number): { name: string; count: number }[];
  /** Ranges in their order. */
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

/** The name of the range that a number is in: that of the largest bound that is not above it. */
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

/** The scripts that a text is written in; `other` where it has none of these. */
export function scriptsOf(text: string): string[] {
  const found = SCRIPTS.filter(([, pattern]) => pattern.test(text)).map(([name]) => name);
  return found.length === 0 ? ["other"] : found;
}
