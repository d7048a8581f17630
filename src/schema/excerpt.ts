const SHOWN_CHARS = 80;

/** The beginning of a text, for messages; the text may be as long as a request. */
export function excerpt(text: string, maxChars: number = SHOWN_CHARS): string {
  return text.length <= maxChars ? text : `${text.slice(0, maxChars)}…`;
}

/** The same in quotes, with invisible characters escaped. */
export function quoteExcerpt(text: string): string {
  return JSON.stringify(excerpt(text));
}
