import { createMatcher, formOf } from "./match.ts";

/** A region as it is searched: its text, and the page of the file that it is on. */
export interface SearchedRegion {
  text: string | null;
  image: number;
}

/**
 * Which regions, in reading order, hold a text that is searched for: by themselves, or several that follow each other on a
 * page together, where each is a word or a line of it. The server marks small pictures by it too. Undefined where nothing
 * is searched for.
 */
export function findRegionHits(
  regions: readonly SearchedRegion[],
  wanted: readonly string[],
  ignoreCase = false,
): boolean[] | undefined {
  const isHit = createMatcher(wanted, ignoreCase);
  if (isHit === undefined) return undefined;
  const found = regions.map(({ text }) => isHit(text));
  const spaced = (text: string) => formOf(ignoreCase)(text).trim().replace(/\s+/gu, " ");
  const phrases = wanted.map(spaced).filter((text) => text.includes(" "));
  if (phrases.length === 0) return found;
  for (const image of new Set(regions.map((region) => region.image))) {
    const parts: { index: number; end: number }[] = [];
    let joined = "";
    for (const [index, region] of regions.entries()) {
      const text = region.image === image ? spaced(region.text ?? "") : "";
      if (text === "") continue;
      joined += `${text} `;
      parts.push({ index, end: joined.length - 1 });
    }
    for (const phrase of phrases) {
      let next = 0;
      for (let at = joined.indexOf(phrase); at >= 0; at = joined.indexOf(phrase, at + 1)) {
        while ((parts[next]?.end ?? Number.POSITIVE_INFINITY) <= at) next++;
        for (let part = next; part < parts.length; part++) {
          const { index, end } = parts[part] as (typeof parts)[number];
          found[index] = true;
          if (end >= at + phrase.length) break;
        }
      }
    }
  }
  return found;
}
