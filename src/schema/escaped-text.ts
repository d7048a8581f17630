/**
 * Texts with ASCII-escaped JSON (`\uc601\uc218`): a search looks into both the text and its decoded strings.
 * A text has such strings if it contains `ESCAPE_MARK`; each is a match of `STRING_LITERAL`, parsed as JSON.
 * The pattern works in JavaScript, RE2 and Java, without nested repetition.
 */
export const ESCAPE_MARK = "\\u";
export const STRING_LITERAL = String.raw`"[^"\\]*(?:\\[\s\S][^"\\]*)*"`;

const LITERALS = new RegExp(STRING_LITERAL, "g");

/** Decoded strings of such a text, undefined for an invalid one; empty for other texts. */
export function decodedStrings(text: string): (string | undefined)[] {
  if (!text.includes(ESCAPE_MARK)) return [];
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
