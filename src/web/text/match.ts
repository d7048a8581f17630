/** A part of a text, and whether it is what is searched for. */
export interface Piece {
  text: string;
  isHit: boolean;
}

/**
 * Says whether a text holds one of those that are searched for, as the server does: literally, in every way of composing
 * letters. Undefined where nothing is searched for.
 */
export function createMatcher(
  wanted: readonly string[],
  ignoreCase = false,
): ((text: string | null) => boolean) | undefined {
  const form = formOf(ignoreCase);
  const needles = wanted.map(form).filter((needle) => needle !== "");
  if (needles.length === 0) return undefined;
  return (text) => {
    if (text === null) return false;
    const formed = form(text);
    return needles.some((needle) => formed.includes(needle));
  };
}

/** A text in NFC, cut where what is searched for begins and ends. */
export function markHits(text: string, wanted: readonly string[], ignoreCase = false): Piece[] {
  const form = formOf(ignoreCase);
  const shown = text.normalize("NFC");
  const formed = form(shown);
  // Some letters are longer in lower case: there no place is that of the other text.
  if (formed.length !== shown.length)
    return [{ text: shown, isHit: createMatcher(wanted, ignoreCase)?.(text) ?? false }];
  const isHit = new Uint8Array(shown.length);
  for (const needle of wanted.map(form).filter((one) => one !== ""))
    for (let at = formed.indexOf(needle); at >= 0; at = formed.indexOf(needle, at + 1))
      isHit.fill(1, at, at + needle.length);
  const pieces: Piece[] = [];
  for (let at = 0; at < shown.length; ) {
    const other = isHit.indexOf(isHit[at] === 1 ? 0 : 1, at);
    const end = other < 0 ? shown.length : other;
    pieces.push({ text: shown.slice(at, end), isHit: isHit[at] === 1 });
    at = end;
  }
  return pieces;
}

/** A text as it is compared. */
export function formOf(ignoreCase: boolean): (text: string) => string {
  return (text) => (ignoreCase ? text.normalize("NFC").toLowerCase() : text.normalize("NFC"));
}
