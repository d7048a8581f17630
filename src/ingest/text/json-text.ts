import { RowProblem } from "./row-problem.ts";

/**
 * A JSON string, quotes included, with `\u` escapes as the characters they mean, and `\/` as `/`; what must be escaped
 * stays so. Throws `RowProblem` for escapes that are none, and for half of a character.
 */
export function unescapeText(text: string): string {
  const plain = text.replace(/\\(u[0-9a-fA-F]{4}|[\s\S])/g, (written, what: string) => {
    if (what === "/") return "/";
    if (/^["\\bfnrt]$/.test(what)) return written;
    if (what.length !== 5) {
      throw new RowProblem("the line is not JSON: a text holds an escape that is none");
    }
    const code = Number.parseInt(what.slice(1), 16);
    if (code < 0x20 || code === 0x22 || code === 0x5c) return `\\u${what.slice(1).toLowerCase()}`;
    return String.fromCharCode(code);
  });
  if (!plain.isWellFormed())
    throw new RowProblem("a text of the line holds half of a character (a lone surrogate)");
  return plain;
}
