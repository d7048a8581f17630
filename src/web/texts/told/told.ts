import { findings } from "./findings.ts";
import { notices } from "./notices.ts";
import { rejects } from "./rejects.ts";

interface Pattern {
  pattern: RegExp;
  korean: string;
}

/** Longer ones hold what somebody wrote, in which the search for a pattern takes long. */
const MAX_CHARS = 1000;

let patterns: Pattern[] | undefined;

/** A sentence of the server in Korean; undefined for one that is not known. */
export function inKorean(sentence: string): string | undefined {
  if (sentence.length > MAX_CHARS) return undefined;
  patterns ??= [...rejects, ...notices, ...findings].map(([english, korean]) => ({
    pattern: new RegExp(`^${english.split("{}").map(escaped).join("(.+?)")}$`, "su"),
    korean,
  }));
  for (const { pattern, korean } of patterns) {
    const found = pattern.exec(sentence);
    if (found) return korean.replace(/\{(\d)\}/g, (_, number) => named(found[Number(number)] ?? ""));
  }
  // Of one image of several: `mask: the image is empty`.
  const [, column, rest = ""] = /^([\p{L}\p{N}_]+(?:\[\d+\])?): (.+)$/su.exec(sentence) ?? [];
  const said = column === undefined ? undefined : inKorean(rest);
  return said === undefined ? undefined : `${column}: ${said}`;
}

/** How many places a finding has, and the first of them. */
function named(text: string): string {
  return text.replace(/^([\d,]+), the first is /, "$1개, 처음은 ");
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\/]/g, "\\$&");
}
