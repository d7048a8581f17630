const EXTENSION = 0x21;
const IMAGE = 0x2c;

/** Why a GIF is truncated (GIF89a, 17 to 27), or undefined. Decoders drop an incomplete last frame. */
export function blocksProblem(bytes: Uint8Array): string | undefined {
  let at = 13 + paletteBytes(bytes[10]);
  while (at < bytes.length) {
    const kind = bytes[at];
    if (kind === EXTENSION) at = endOfBlocks(bytes, at + 2);
    else if (kind === IMAGE) at = endOfBlocks(bytes, at + 11 + paletteBytes(bytes[at + 9]));
    else return undefined; // the trailer, or padding that decoders skip
    if (at > bytes.length) return "it ends within a frame";
  }
  return at > bytes.length ? "it ends within its palette" : undefined;
}

function paletteBytes(flags = 0): number {
  return flags & 0x80 ? 3 * 2 ** ((flags & 7) + 1) : 0;
}

/** Offset after the terminating empty block; beyond the file if it is truncated. */
function endOfBlocks(bytes: Uint8Array, from: number): number {
  let at = from;
  for (;;) {
    const size = bytes[at];
    if (size === undefined) return bytes.length + 1;
    at += size + 1;
    if (size === 0) return at;
  }
}
