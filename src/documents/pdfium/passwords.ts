/**
 * A password as the bytes that may have been meant: UTF-8, composed too, for a keyboard of macOS gives Hangul in parts;
 * and CP949, in which Korean programs wrote passwords before PDF 2.0 said UTF-8.
 */
export function passwordBytes(password: string): Uint8Array[] {
  const composed = password.normalize("NFC");
  const forms = [...new Set([password, composed])].map((form) => new TextEncoder().encode(form));
  const korean = encodeCp949(composed);
  return korean === undefined ? forms : [...forms, korean];
}

let table: Map<string, number> | undefined;

/** Undefined where it is all ASCII, or has a character that CP949 lacks. */
function encodeCp949(text: string): Uint8Array | undefined {
  if (/^[\0-\x7f]*$/.test(text)) return undefined;
  table ??= readTable();
  const bytes: number[] = [];
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    const pair = code < 0x80 ? code : table.get(character);
    if (pair === undefined) return undefined;
    if (pair > 0xff) bytes.push(pair >> 8);
    bytes.push(pair & 0xff);
  }
  return Uint8Array.from(bytes);
}

function readTable(): Map<string, number> {
  const decoder = new TextDecoder("euc-kr"); // by its standard all of CP949
  const found = new Map<string, number>();
  for (let high = 0x81; high <= 0xfe; high++)
    for (let low = 0x41; low <= 0xfe; low++) {
      const text = decoder.decode(Uint8Array.of(high, low));
      if (Array.from(text).length === 1 && text !== "�") found.set(text, (high << 8) | low);
    }
  return found;
}
