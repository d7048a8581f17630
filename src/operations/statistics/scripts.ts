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
