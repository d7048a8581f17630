import { quoteText } from "../../query/sql.ts";

/** Words of folders and zips that say what kind of files are in them: pages or their labels. */
const KINDS = [
  "images?|imgs?|pics?|pictures?|photos?|scans?|pages?|jpe?gs?|pngs?|tiffs?|tifs?|bmps?|webps?|pdfs?",
  "sources?|src|raw|originals?|labels?|labell?ing|labell?ed|lab|lbls?|lb|anns?|annos?|annots?|annotations?|jsons?",
  "gts?|truths?|targets?|answers?",
  "이미지|사진|(?:원천|원시|원본|라벨링|라벨|레이블링|레이블|어노테이션|가공|정답)(?: ?데이터)?",
].join("|");
const ANY_KIND = `(^|[^\\p{L}])(?:${KINDS})([^\\p{L}]|$)`;
/** Training and validation, source and label: `TS_계약.zip`, `VL1.zip`. */
const SPLIT_AND_KIND = "(^|[^\\p{L}])([TtVv])[SsLl]([^\\p{L}]|$)";

/**
 * SQL for a folder's name without what says its kind; empty where it says nothing else: `[원천]계약` -> `계약`,
 * `2.labels` -> ``. Other names are as they are.
 */
export function withoutKind(name: string): string {
  const [any, ofSplit] = [quoteText(`(?i)${ANY_KIND}`), quoteText(SPLIT_AND_KIND)];
  const numberless = `regexp_replace(${name}, '^\\s*\\d+\\s*[._)-]\\s*', '')`;
  const kindless = (text: string) => `regexp_replace(${text}, ${any}, '\\1\\2', 'g')`;
  // twice, for what lies between two words is part of one match
  const rest = `trim(${kindless(kindless(numberless))}, ' ._-()[]{}')`;
  return `CASE WHEN regexp_matches(${name}, ${ofSplit}) THEN regexp_replace(${name}, ${ofSplit}, '\\1\\2\\3')
    WHEN regexp_matches(${name}, ${any}) THEN ${rest} ELSE ${name} END`;
}

/** The same, of one name. */
export function kindlessName(name: string): string {
  const ofSplit = new RegExp(SPLIT_AND_KIND, "u");
  if (ofSplit.test(name)) return name.replace(ofSplit, "$1$2$3");
  const any = new RegExp(ANY_KIND, "giu");
  if (!new RegExp(ANY_KIND, "iu").test(name)) return name;
  const rest = name
    .replace(/^\s*\d+\s*[._)-]\s*/, "")
    .replace(any, "$1$2")
    .replace(any, "$1$2");
  return rest.replace(/^[ ._()[\]{}-]+|[ ._()[\]{}-]+$/g, "");
}

/** SQL for whether two folders look like two documents of a series: they differ in numbers, or in one character. */
export function areParallel(one: string, other: string): string {
  const numberless = (text: string) => `regexp_replace(${text}, '\\d+', '0', 'g')`;
  const isHash = (text: string) => `regexp_full_match(${text}, '[0-9a-fA-F-]{8,}')`;
  // The engine's levenshtein() counts bytes, of which a letter of Korean has three.
  const letters = `list_zip(string_split(${one}, ''), string_split(${other}, ''))`;
  return `(${numberless(one)} = ${numberless(other)} OR (${isHash(one)} AND ${isHash(other)})
    OR (length(${one}) = length(${other}) AND len(list_filter(${letters}, lambda pair: pair[1] <> pair[2])) = 1))`;
}

/** The same, of two names. */
export function isParallel(one: string, other: string): boolean {
  const numberless = (text: string) => text.replace(/\d+/g, "0");
  const isHash = (text: string) => /^[0-9a-fA-F-]{8,}$/.test(text);
  const [letters, others] = [[...one], [...other]];
  return (
    numberless(one) === numberless(other) ||
    (isHash(one) && isHash(other)) ||
    (letters.length === others.length && letters.filter((letter, at) => letter !== others[at]).length === 1)
  );
}
