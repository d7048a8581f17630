/** Colours that are told apart on paper, also by who sees red and green alike (after Okabe and Ito). */
const COLOURS = [
  "#0072b2",
  "#d55e00",
  "#009e73",
  "#cc2f87",
  "#8a6d00",
  "#5b3fd6",
  "#b3261e",
  "#00788a",
  "#5a7d00",
  "#8b4a2b",
];
const PLAIN = "#0072b2";

/** The colour of each category, by its place among all of them in order. */
export function coloursOf(categories: readonly (string | null)[]): Map<string | null, string> {
  const names = [...new Set(categories)].sort((a, b) => (a ?? "").localeCompare(b ?? ""));
  const isOnlyPlain = names.length === 1 && names[0] === null;
  return new Map(
    names.map((name, at) => [name, isOnlyPlain ? PLAIN : (COLOURS[at % COLOURS.length] as string)]),
  );
}
