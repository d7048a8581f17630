const SHOWN_CHARS = 80;

/** The beginning of a text, for messages: nobody reads more of it there, and it may be as long as a request. */
export function excerpt(text: string, maxChars: number = SHOWN_CHARS): string {
  return text.length <= maxChars ? text : `${text.slice(0, maxChars)}…`;
}

/** The same in quotes, with what cannot be seen as escapes. */
export function quoteExcerpt(text: string): string {
  return JSON.stringify(excerpt(text));
}
