/** Fields of TIFF 6.0 and BigTIFF, used in TIFF files and in EXIF blocks. */
export interface TiffFile {
  bytes: Uint8Array;
  view: DataView;
  little: boolean;
  /** BigTIFF: 8-byte offsets and counts. */
  big: boolean;
  first: number;
}

/** A directory: where it begins, fields by tag, the offset of the next directory (0: none), and where that stands. */
export interface TiffDirectory {
  at: number;
  fields: Map<number, TiffField>;
  next: number;
  nextAt: number;
}

export interface TiffField {
  type: number;
  count: number;
  at: number;
}

const SIZES: Record<number, number> = {
  1: 1,
  2: 1,
  3: 2,
  4: 4,
  5: 8,
  6: 1,
  7: 1,
  8: 2,
  9: 4,
  10: 8,
  11: 4,
  12: 8,
  13: 4,
  16: 8,
  17: 8,
  18: 8,
};

/** Opens data with a TIFF header; undefined for other data. */
export function openTiff(bytes: Uint8Array): TiffFile | undefined {
  if (bytes.byteLength < 8) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const order = String.fromCharCode(bytes[0] ?? 0, bytes[1] ?? 0);
  if (order !== "II" && order !== "MM") return undefined;
  const little = order === "II";
  const version = view.getUint16(2, little);
  if (version === 43 && bytes.byteLength >= 16) {
    return { bytes, view, little, big: true, first: Number(view.getBigUint64(8, little)) };
  }
  if (version !== 42) return undefined;
  return { bytes, view, little, big: false, first: view.getUint32(4, little) };
}

/**
 * The directory at `at`; undefined if there is none. Like Pillow, skips fields of unknown type and those
 * larger than the file, and stops at a field with values outside it. A truncated one gives its readable
 * fields.
 */
export function readDirectory(file: TiffFile, at: number): TiffDirectory | undefined {
  const { view, little, big } = file;
  const size = view.byteLength;
  const entrySize = big ? 20 : 12;
  const head = big ? 8 : 2;
  if (at <= 0 || at + head > size) return undefined;
  const count = big ? Number(view.getBigUint64(at, little)) : view.getUint16(at, little);
  const fields = new Map<number, TiffField>();
  const end = at + head + count * entrySize;
  let total = 0;
  for (let entry = at + head; entry < end && entry + entrySize <= size; entry += entrySize) {
    const tag = view.getUint16(entry, little);
    const type = view.getUint16(entry + 2, little);
    const values = big ? Number(view.getBigUint64(entry + 4, little)) : view.getUint32(entry + 4, little);
    const bytes = (SIZES[type] ?? 0) * values;
    const inline = entry + (big ? 12 : 8);
    if (bytes === 0 || fields.has(tag)) continue;
    const offset = big ? Number(view.getBigUint64(inline, little)) : view.getUint32(inline, little);
    const isInline = bytes <= (big ? 8 : 4);
    if (!isInline) total += bytes;
    if (!isInline && total > size) continue;
    const start = isInline ? inline : offset;
    if (start + bytes > size) break;
    fields.set(tag, { type, count: values, at: start });
  }
  const nextFits = end + (big ? 8 : 4) <= size;
  const next = !nextFits ? 0 : big ? Number(view.getBigUint64(end, little)) : view.getUint32(end, little);
  return { at, fields, next, nextAt: end };
}

/** Up to `limit` numbers of a field; empty if it is missing. Rationals are divided. */
export function numbersOf(file: TiffFile, directory: TiffDirectory, tag: number, limit = 64): number[] {
  const field = directory.fields.get(tag);
  if (field === undefined) return [];
  const size = SIZES[field.type] ?? 1;
  return Array.from({ length: Math.min(field.count, limit) }, (_, index) =>
    numberAt(file, field.type, field.at + index * size),
  );
}

function numberAt({ view, little }: TiffFile, type: number, at: number): number {
  switch (type) {
    case 3:
      return view.getUint16(at, little);
    case 4:
    case 13:
      return view.getUint32(at, little);
    case 5:
      return view.getUint32(at, little) / view.getUint32(at + 4, little);
    case 6:
      return view.getInt8(at);
    case 8:
      return view.getInt16(at, little);
    case 9:
      return view.getInt32(at, little);
    case 10:
      return view.getInt32(at, little) / view.getInt32(at + 4, little);
    case 11:
      return view.getFloat32(at, little);
    case 12:
      return view.getFloat64(at, little);
    case 16:
    case 18:
      return Number(view.getBigUint64(at, little));
    case 17:
      return Number(view.getBigInt64(at, little));
    default:
      return view.getUint8(at);
  }
}

export function bytesOf(file: TiffFile, directory: TiffDirectory, tag: number): Uint8Array | undefined {
  const field = directory.fields.get(tag);
  if (field === undefined) return undefined;
  return file.bytes.subarray(field.at, field.at + field.count * (SIZES[field.type] ?? 1));
}

/** Files with more pages are rejected. */
const MAX_PAGES = 100_000;

/** The directories of all pages; stops at an invalid or repeated one. */
export function* directoriesOf(file: TiffFile): Generator<TiffDirectory> {
  const seen = new Set<number>();
  for (let at = file.first; at !== 0 && !seen.has(at) && seen.size < MAX_PAGES; ) {
    const directory = readDirectory(file, at);
    if (directory === undefined || directory.fields.size === 0) return;
    seen.add(at);
    yield directory;
    at = directory.next;
  }
}
