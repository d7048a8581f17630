/**
 * A token is a longest run of letters, digits and underscores; every byte of a character beyond ASCII counts as one, so
 * that the bytes alone tell where tokens end, in whatever script. 1 for the bytes of tokens.
 */
export const TOKEN_BYTES: Uint8Array = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte >= 0x80 || /[0-9A-Za-z_]/.test(String.fromCharCode(byte)) ? 1 : 0,
);

/** Longer tokens (sentences without spaces, encoded images) are no terms; rows that hold one are read at each search. */
export const MAX_TOKEN_BYTES = 64;

/**
 * Tokens of at most so many digits are no terms where they are numbers of a JSON document, not in one of its strings:
 * coordinates, most of what label JSON holds, and in nearly every row.
 */
export const MAX_NUMBER_DIGITS = 4;

/** What stands for rows that must be read all the same, in the place of a token. No token is like these. */
export const MARKS = {
  /** Rows that hold a token too long to be a term. */
  long: " ",
  /** Rows that hold a short number which is no term. */
  number: "[",
  /** Rows that hold a backslash, after which JSON writes any character in another way. */
  escape: "\\",
} as const;
export type Mark = keyof typeof MARKS;

/** How tokens of a text that holds the searched must be: all of `pieces`, each in its own way. */
export interface TokenPattern {
  text: string;
  /** `inside` a token, at its `start`, at its `end`, or all of it. */
  at: "inside" | "start" | "end" | "whole";
}

/**
 * What a searched asks of the tokens of a text. One piece that is `inside` says all: a text with such a token holds the
 * searched. Otherwise the text must be read. No piece: the searched has no character of a token.
 */
export function splitSearchText(searched: string): TokenPattern[] {
  const pieces: TokenPattern[] = [];
  const pattern = /[0-9A-Za-z_\u0080-\u{10ffff}]+/gu;
  for (const match of searched.matchAll(pattern)) {
    const text = match[0];
    const opens = match.index === 0;
    const closes = match.index + text.length === searched.length;
    pieces.push({ text, at: opens ? (closes ? "inside" : "end") : closes ? "start" : "whole" });
  }
  return pieces;
}
