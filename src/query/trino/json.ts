/**
 * Parses JSON without losing digits: integers of 16 and more digits become text, other numbers stay numbers.
 */
export function parseExactly(text: string): unknown {
  if (!LONG_INTEGER.test(text)) return JSON.parse(text);
  return JSON.parse(text.replace(TOKEN, (token) => (WHOLE.test(token) ? `"${token}"` : token)));
}

/** May also match inside text, which only costs an unneeded replacement. */
const LONG_INTEGER = /[[,:]-?\d{16,}[,\]}]/;
/** Whole strings, so that numbers in them stay unchanged, and whole numbers. */
const TOKEN = /"[^"\\]*(?:\\.[^"\\]*)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/gs;
const WHOLE = /^-?\d{16,}$/;
