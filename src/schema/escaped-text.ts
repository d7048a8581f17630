/**
 * Texts that hold JSON written in ASCII (`\uc601\uc218`): what a person reads in them are its strings, decoded. A
 * search looks into both. A text holds such strings where `ESCAPE_MARK` is in it; each is a match of
 * `STRING_LITERAL`, read as JSON. The pattern is one for JavaScript, RE2 and Java, without nested repeats that call
 * themselves.
 */
export const ESCAPE_MARK = "\\u";
export const STRING_LITERAL = String.raw`"[^"\\]*(?:\\[\s\S][^"\\]*)*"`;

const LITERALS = new RegExp(STRING_LITERAL, "g");

/** The decoded strings of such a text; undefined stands for one that is no JSON. Empty for any other text. */
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
