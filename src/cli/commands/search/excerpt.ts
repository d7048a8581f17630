import { cutCell, graphemes, oneLine } from "../../terminal/table.ts";

/** A text for a table cell around the match; `match` is empty if there is none. */
export interface Excerpt {
  before: string;
  match: string;
  after: string;
}

/** Finds a text from a position on: where it begins and ends. */
export type Find = (text: string, from: number) => { start: number; end: number } | undefined;

/** Characters on either side of a match that are kept for any cell width. */
const KEPT = 400;

/** Finds the next of the texts `searched` (in NFC) in texts in NFC. */
export function createFind(searched: readonly string[], ignoreCase: boolean): Find {
  const fold = ignoreCase ? foldCase : (text: string) => text;
  const wanted = searched.map(fold);
  return (text, from) => {
    const folded = fold(text);
    let found: ReturnType<Find>;
    for (const one of wanted) {
      const start = folded.indexOf(one, from);
      if (start < 0 || (found !== undefined && found.start <= start)) continue;
      found = { start, end: start + one.length };
    }
    return found;
  };
}

/**
 * Lower case of the same length, letter by letter as the engines do it: `İ` alone would grow, and a last `Σ`
 * change.
 */
function foldCase(text: string): string {
  return text.replaceAll("İ", "i").toLowerCase().replaceAll("ς", "σ");
}

/** The part of a text that a table needs: the surroundings of the first match, otherwise its beginning. */
export function excerptOf(text: string, find?: Find): Excerpt {
  const composed = text.normalize("NFC");
  const found = find?.(composed, 0);
  if (found === undefined) return { before: "", match: "", after: shorten(composed) };
  const start = Math.max(0, found.start - KEPT);
  return {
    before: tidy((start > 0 ? "…" : "") + composed.slice(start, found.start)),
    match: shorten(composed.slice(found.start, found.end)),
    after: shorten(composed.slice(found.end, found.end + KEPT + 1)),
  };
}

function shorten(text: string): string {
  return tidy(text.length <= KEPT ? text : `${text.slice(0, KEPT)}…`);
}

/** On one line, without half surrogate pairs left by a cut. */
function tidy(text: string): string {
  return oneLine(text.replace(/\p{Cs}/gu, ""));
}

export function excerptWidth({ before, match, after }: Excerpt): number {
  return Bun.stringWidth(before + match + after);
}

/** The excerpt in at most `width` cells: the whole match if it fits, most of the rest after it. */
export function fitExcerpt({ before, match, after }: Excerpt, width: number): Excerpt {
  const found = cutCell(match, width);
  const room = width - Bun.stringWidth(found);
  const behind = Bun.stringWidth(after);
  const front = Math.min(Bun.stringWidth(before), Math.max(Math.floor(room / 3), room - behind));
  const cut = cutFront(before, front);
  return { before: cut, match: found, after: cutEnd(after, room - Bun.stringWidth(cut)) };
}

/** With `mark` around the match and later matches. */
export function joinExcerpt(
  { before, match, after }: Excerpt,
  find: Find,
  mark: (text: string) => string,
): string {
  if (match === "") return after;
  let text = before + mark(match);
  let at = 0;
  for (let next = find(after, at); next !== undefined && next.end > at; next = find(after, at)) {
    text += after.slice(at, next.start) + mark(after.slice(next.start, next.end));
    at = next.end;
  }
  return text + after.slice(at);
}

function cutEnd(text: string, width: number): string {
  return width < 1 ? "" : cutCell(text, width);
}

/** The end of a text in at most `width` cells, with `…` where something was cut. */
function cutFront(text: string, width: number): string {
  if (Bun.stringWidth(text) <= width) return text;
  if (width < 1) return "";
  let cut = "";
  let used = 1;
  for (const segment of graphemes(text).reverse()) {
    used += Bun.stringWidth(segment);
    if (used > width) break;
    cut = segment + cut;
  }
  return `…${cut}`;
}
