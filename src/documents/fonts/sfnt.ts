/** TrueType, OpenType, and collections of them (ISO/IEC 14496-22). All numbers are big-endian. */

/** Reads bytes of a font file; fewer at its end. */
export type ReadAt = (offset: number, length: number) => Uint8Array;

const COLLECTION = 0x74746366; // ttcf
const NAMES = 0x6e616d65; // name
const CHARACTERS = 0x636d6170; // cmap
const FAMILY = 1;

/** One font of a file. */
export interface FontFace {
  /** Where its directory of tables begins. */
  offset: number;
  family: string;
  /** It has a glyph for 가, the first of the syllables. */
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
  const characters = tables.get(CHARACTERS);
  if (characters === undefined) return undefined;
  const bytes = read(characters.offset, Math.min(characters.length, MAX_TABLE_BYTES));
  return [{ offset, family: familyOf(read, tables.get(NAMES)), hangul: hasCharacter(view(bytes), 0xac00) }];
}

const MAX_TABLE_BYTES = 4_000_000;

/** Whether a subtable of `cmap` for Unicode, of format 4 or 12, has a range with the character. */
function hasCharacter(cmap: DataView, code: number): boolean {
  const fits = (at: number, length: number) => at + length <= cmap.byteLength;
  const count = fits(0, 4) ? cmap.getUint16(2) : 0;
  for (let entry = 4; entry < 4 + count * 8 && fits(entry, 8); entry += 8) {
    const at = cmap.getUint32(entry + 4);
    if (!fits(at, 16)) continue;
    if (cmap.getUint16(at) === 4 && hasSegment(cmap, at, code)) return true;
    if (cmap.getUint16(at) !== 12) continue;
    const groups = cmap.getUint32(at + 12);
    for (let group = at + 16; group < at + 16 + groups * 12 && fits(group, 12); group += 12)
      if (cmap.getUint32(group) <= code && code <= cmap.getUint32(group + 4)) return true;
  }
  return false;
}

/** Format 4: the ends of all segments, then their starts. */
function hasSegment(cmap: DataView, at: number, code: number): boolean {
  const size = cmap.getUint16(at + 6); // twice their number
  if (at + 16 + size * 2 > cmap.byteLength) return false;
  for (let segment = at + 14; segment < at + 14 + size; segment += 2)
    if (cmap.getUint16(segment) >= code) return cmap.getUint16(segment + size + 2) <= code;
  return false;
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
