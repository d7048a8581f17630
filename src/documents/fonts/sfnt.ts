/** TrueType, OpenType, and collections of them (ISO/IEC 14496-22). All numbers are big-endian. */

/** Reads bytes of a font file; fewer at its end. */
export type ReadAt = (offset: number, length: number) => Uint8Array;

const COLLECTION = 0x74746366; // ttcf
const NAMES = 0x6e616d65; // name
const OS2 = 0x4f532f32; // OS/2
const FAMILY = 1;
/** Of OS/2, `ulCodePageRange1`: the bit of Korean Wansung. */
const HANGUL_BIT = 1 << 19;
const CODE_PAGES_AT = 78;

/** One font of a file. */
export interface FontFace {
  /** Where its directory of tables begins. */
  offset: number;
  family: string;
  /** It says of itself that it has Korean. */
  hangul: boolean;
}

/** The fonts in a file; none where it is no font. */
export function readFaces(read: ReadAt): FontFace[] {
  const head = view(read(0, 12));
  if (head.byteLength < 12) return [];
  if (head.getUint32(0) !== COLLECTION) return readFace(read, 0) ?? [];
  const count = Math.min(head.getUint32(8), 64);
  const offsets = view(read(12, count * 4));
  return Array.from({ length: offsets.byteLength >> 2 }, (_, index) => offsets.getUint32(index * 4)).flatMap(
    (offset) => readFace(read, offset) ?? [],
  );
}

function readFace(read: ReadAt, offset: number): FontFace[] | undefined {
  const tables = readTables(read, offset);
  const os2 = tables.get(OS2);
  if (os2 === undefined) return undefined;
  const pages = view(read(os2.offset + CODE_PAGES_AT, 4));
  const hangul = pages.byteLength === 4 && (pages.getUint32(0) & HANGUL_BIT) !== 0;
  return [{ offset, family: familyOf(read, tables.get(NAMES)), hangul }];
}

interface Table {
  offset: number;
  length: number;
}

function readTables(read: ReadAt, offset: number): Map<number, Table> {
  const head = view(read(offset, 12));
  const count = head.byteLength < 12 ? 0 : Math.min(head.getUint16(4), 256);
  const entries = view(read(offset + 12, count * 16));
  const found = new Map<number, Table>();
  for (let at = 0; at + 16 <= entries.byteLength; at += 16)
    found.set(entries.getUint32(at), {
      offset: entries.getUint32(at + 8),
      length: entries.getUint32(at + 12),
    });
  return found;
}

/** One table of the font whose directory begins at `offset`; undefined where it has none of that name. */
export function readTable(read: ReadAt, offset: number, tag: number): Uint8Array | undefined {
  const table = readTables(read, offset).get(tag >>> 0);
  return table && read(table.offset, table.length);
}

function familyOf(read: ReadAt, table: Table | undefined): string {
  const names = table && view(read(table.offset, Math.min(table.length, 65_536)));
  if (names === undefined || names.byteLength < 6) return "";
  const texts = names.getUint16(4);
  for (let at = 6; at + 12 <= names.byteLength && at < 6 + names.getUint16(2) * 12; at += 12) {
    const [platform, id] = [names.getUint16(at), names.getUint16(at + 6)];
    const start = texts + names.getUint16(at + 10);
    const end = start + names.getUint16(at + 8);
    if (id !== FAMILY || platform !== 3 || end > names.byteLength) continue;
    return new TextDecoder("utf-16be").decode(
      new Uint8Array(names.buffer, names.byteOffset + start, end - start),
    );
  }
  return "";
}

function view(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
