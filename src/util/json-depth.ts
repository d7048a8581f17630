const [QUOTE, BACKSLASH, NEWLINE, OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT] =
  Buffer.from('"\\\n[]{}');

/**
 * Looks at the bytes of JSON piece by piece; each call says whether lists and objects stood deeper in each other than
 * `maxDepth` so far. With `perLine` each line is a document of its own. Some parsers take a minute, or the process down
 * with them, for what only nests; this passes over some 300 MB a second.
 */
export function createDepthScan(maxDepth: number, { perLine = false } = {}): (bytes: Uint8Array) => boolean {
  let depth = 0;
  let isText = false;
  let isEscaped = false;
  return (bytes) => {
    for (let at = 0; at < bytes.length; at++) {
      const byte = bytes[at];
      if (perLine && byte === NEWLINE) {
        depth = 0;
        isText = false;
        isEscaped = false;
      } else if (isText) {
        if (isEscaped) isEscaped = false;
        else if (byte === BACKSLASH) isEscaped = true;
        else if (byte === QUOTE) isText = false;
      } else if (byte === QUOTE) isText = true;
      else if (byte === OPEN_LIST || byte === OPEN_OBJECT) {
        if (++depth > maxDepth) return true;
      } else if (byte === CLOSE_LIST || byte === CLOSE_OBJECT) depth--;
    }
    return false;
  };
}

/** Whether lists and objects of a whole JSON document stand deeper in each other than `maxDepth`. */
export function nestsDeeper(json: string | Uint8Array, maxDepth: number): boolean {
  return createDepthScan(maxDepth)(typeof json === "string" ? Buffer.from(json) : json);
}
