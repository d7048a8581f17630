/**
 * Texts with JSON whose strings do not stand in it as a person reads them: ASCII-escaped (`\uc601\uc218`), or with
 * quotes and line ends behind a backslash. A search looks into both the text and its decoded strings. A text has such
 * strings if it contains the mark that `markFor` gives for what is sought; each is a match of `STRING_LITERAL`, parsed
 * as JSON. The pattern works in JavaScript, RE2 and Java, without nested repetition.
 */
export const ESCAPE_MARK = "\\u";
export const STRING_LITERAL = String.raw`"[^"\\]*(?:\\[\s\S][^"\\]*)*"`;

const LITERALS = new RegExp(STRING_LITERAL, "g");

/** Decoded strings of a text with the mark, undefined for an invalid one; empty for other texts. */
export function decodedStrings(text: string, mark = ESCAPE_MARK): (string | undefined)[] {
  if (!text.includes(mark)) return [];
  return Array.from(text.matchAll(LITERALS), ([literal]) => {
    try {
      const decoded = JSON.parse(literal) as string;
      return decoded.isWellFormed() ? decoded : undefined;
    } catch {
      return undefined;
    }
  });
}

/** Characters that JSON writes with a backslash only. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: JSON escapes these
export const ONLY_ESCAPED = /["\\\u0000-\u001f]/;

/** What a text must contain to hold the sought one in a decoded string only. */
export function markFor(sought: string): string {
  return ONLY_ESCAPED.test(sought) ? "\\" : ESCAPE_MARK;
}
