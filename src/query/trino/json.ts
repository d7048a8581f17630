/**
 * Parses JSON so that no integer loses digits: those of 16 digits and more come as text, all others as numbers.
 */
export function parseExactly(text: string): unknown {
  if (!LONG_INTEGER.test(text)) return JSON.parse(text);
  return JSON.parse(text.replace(TOKEN, (token) => (WHOLE.test(token) ? `"${token}"` : token)));
}

/** May also hit inside of a text: that only costs the replacement. */
const LONG_INTEGER = /[[,:]-?\d{16,}[,\]}]/;
/** Texts whole, so that no number in them is touched, and numbers whole. */
const TOKEN = /"[^"\\]*(?:\\.[^"\\]*)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/gs;
const WHOLE = /^-?\d{16,}$/;
