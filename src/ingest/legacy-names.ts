/**
 * File names that are no UTF-8: archives packed on Korean Windows keep names in CP949, which contains EUC-KR, and Linux
 * unpacks them as bytes. They are known by their text; what cannot be decoded is known with `\xb0` for each such byte.
 */

/** A path on the local disk; bytes where it is no UTF-8. */
export type LocalPath = string | Buffer;

const ESCAPED = /\\x[89a-f][0-9a-f]/;
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const cp949 = new TextDecoder("euc-kr", { fatal: true, ignoreBOM: true });

/** A file name's bytes as text; undefined where they are no UTF-8. */
export function utf8Name(bytes: Uint8Array): string | undefined {
  return decode(utf8, bytes);
}

/** The texts that a name which is no UTF-8 may be known by, best first. */
export function legacyNames(bytes: Uint8Array): string[] {
  const korean = decode(cp949, bytes);
  const escaped = escapeBytes(bytes);
  return korean !== undefined && encodeCp949(korean)?.equals(bytes) ? [korean, escaped] : [escaped];
}

/** The bytes, other than its UTF-8, that a file name known by this text may have on the disk. */
export function legacyBytes(name: string): Buffer[] {
  if (Buffer.byteLength(name) === name.length) return ESCAPED.test(name) ? [unescapeBytes(name)] : [];
  // As it stands first: CP949 has characters twice that are one when composed.
  const spellings = new Set([name, name.normalize("NFC")]);
  return [...spellings].map(encodeCp949).filter((bytes) => bytes !== undefined);
}

/** One path below another. */
export function joinLocal(folder: LocalPath, name: LocalPath): LocalPath {
  if (typeof folder === "string" && typeof name === "string")
    return folder === "/" ? `/${name}` : `${folder}/${name}`;
  return Buffer.concat([Buffer.from(folder), Buffer.from("/"), Buffer.from(name)]);
}

function decode(decoder: TextDecoder, bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes);
  } catch {
    return undefined;
  }
}

function escapeBytes(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) =>
    byte < 0x80 ? String.fromCharCode(byte) : `\\x${byte.toString(16)}`,
  ).join("");
}

function unescapeBytes(name: string): Buffer {
  const text = name.replace(/\\x([89a-f][0-9a-f])/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
  return Buffer.from(text, "latin1");
}

let table: Map<string, number> | undefined;

/** Undefined for text with a character that CP949 lacks. */
function encodeCp949(text: string): Buffer | undefined {
  table ??= cp949Table();
  const bytes: number[] = [];
  for (const character of text) {
    if (character < "\x80") bytes.push(character.charCodeAt(0));
    else {
      const pair = table.get(character);
      if (pair === undefined) return undefined;
      bytes.push(pair >> 8, pair & 0xff);
    }
  }
  return Buffer.from(bytes);
}

/** Two bytes by character, from the decoder of the runtime: a line for each pair there may be. */
function cp949Table(): Map<string, number> {
  const pairs: number[] = [];
  for (let lead = 0x81; lead <= 0xfe; lead++) {
    for (let trail = 0x41; trail <= 0xfe; trail++) pairs.push((lead << 8) | trail);
  }
  const lines = Uint8Array.from(pairs.flatMap((pair) => [pair >> 8, pair & 0xff, 0x0a]));
  const characters = new TextDecoder("euc-kr").decode(lines).split("\n");
  const found = new Map<string, number>();
  for (const [at, pair] of pairs.entries()) {
    const character = characters[at] ?? "";
    if (character.length === 1 && character !== "\ufffd") found.set(character, pair);
  }
  return found;
}
