import { closeSync, fstatSync, openSync, readSync } from "node:fs";

/** A file of which parts are read: a TIFF of many pages may be larger than the memory. */
export interface ByteSource {
  readonly size: number;
  /** At most `length` bytes from `at`; fewer at the end of the file. */
  read(at: number, length: number): Uint8Array;
}

/** Opens a file read-only. The caller closes it. */
export function openByteSource(path: string): ByteSource & { close(): void } {
  const fd = openSync(path, "r");
  let isOpen = true;
  return {
    size: fstatSync(fd).size,
    read: (at, length) => {
      const bytes = new Uint8Array(length);
      let done = 0;
      while (done < length) {
        const count = readSync(fd, bytes, done, length - done, at + done);
        if (count === 0) return bytes.subarray(0, done);
        done += count;
      }
      return bytes;
    },
    close: () => {
      if (isOpen) closeSync(fd);
      isOpen = false;
    },
  };
}

export function bytesAsSource(bytes: Uint8Array): ByteSource {
  return { size: bytes.length, read: (at, length) => bytes.subarray(at, at + length) };
}

export interface TiffHeader {
  little: boolean;
  /** BigTIFF: offsets and counts of 8 bytes. */
  big: boolean;
}

/** A field of a directory. */
export interface Entry {
  type: number;
  count: number;
  /** Where its values begin. */
  at: number;
  /** Size of its values in bytes. */
  bytes: number;
}

/** Fields by tag. */
export type Directory = Map<number, Entry>;

/** Bytes of a value, by type (TIFF 6.0 and BigTIFF). */
const SIZES = [0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4, 0, 0, 8, 8, 8];
const MAX_DIRECTORIES = 100_000;
const MAX_ENTRIES = 10_000;
/** Values of one field that are read at most. */
const MAX_VALUE_BYTES = 64_000_000;

export interface TiffDirectories {
  header: TiffHeader;
  directories: Directory[];
  /** Their list ends where it says, not at a damaged one. */
  isWhole: boolean;
}

/** The directories of a TIFF; undefined without a TIFF header. Ends at a damaged directory, and at one that repeats. */
export function readDirectories(source: ByteSource): TiffDirectories | undefined {
  const start = viewOf(source.read(0, 16));
  if (start.byteLength < 8) return undefined;
  const order = start.getUint16(0);
  if (order !== 0x4949 && order !== 0x4d4d) return undefined;
  const little = order === 0x4949;
  const version = start.getUint16(2, little);
  if (version !== 42 && (version !== 43 || start.byteLength < 16)) return undefined;
  const header: TiffHeader = { little, big: version === 43 };
  const directories: Directory[] = [];
  const seen = new Set<number>();
  let at: number = header.big ? Number(start.getBigUint64(8, little)) : start.getUint32(4, little);
  let isWhole = true;
  while (isWhole && at !== 0 && !seen.has(at)) {
    const read = seen.size < MAX_DIRECTORIES ? readDirectory(source, header, at) : undefined;
    seen.add(at);
    const isThere = read !== undefined && read.directory.size > 0;
    if (isThere) directories.push(read.directory);
    isWhole = isThere && read.next !== undefined;
    at = read?.next ?? 0;
  }
  return { header, directories, isWhole };
}

/** Undefined for one that is not there; `next` is undefined where it ends before it says. */
function readDirectory(
  source: ByteSource,
  { little, big }: TiffHeader,
  at: number,
): { directory: Directory; next: number | undefined } | undefined {
  const [head, size] = big ? [8, 20] : [2, 12];
  const begin = viewOf(source.read(at, head));
  if (begin.byteLength < head) return undefined;
  const count = big ? Number(begin.getBigUint64(0, little)) : begin.getUint16(0, little);
  if (count > MAX_ENTRIES) return undefined;
  const view = viewOf(source.read(at + head, count * size + (big ? 8 : 4)));
  const directory: Directory = new Map();
  for (let entry = 0; entry < count && (entry + 1) * size <= view.byteLength; entry++) {
    const from = entry * size;
    const tag = view.getUint16(from, little);
    const type = view.getUint16(from + 2, little);
    const values = big ? Number(view.getBigUint64(from + 4, little)) : view.getUint32(from + 4, little);
    const bytes = (SIZES[type] ?? 0) * values;
    if (bytes === 0 || bytes > MAX_VALUE_BYTES || directory.has(tag)) continue;
    const inline = from + (big ? 12 : 8);
    const place =
      bytes <= (big ? 8 : 4)
        ? at + head + inline
        : big
          ? Number(view.getBigUint64(inline, little))
          : view.getUint32(inline, little);
    if (place + bytes > source.size) continue;
    directory.set(tag, { type, count: values, at: place, bytes });
  }
  const end = count * size;
  const hasNext = view.byteLength >= end + (big ? 8 : 4);
  const next = !hasNext
    ? undefined
    : big
      ? Number(view.getBigUint64(end, little))
      : view.getUint32(end, little);
  return { directory, next };
}

/** The bytes of a field's values, in the byte order of the file. */
export function bytesIn(source: ByteSource, { at, bytes }: Entry): Uint8Array {
  return source.read(at, bytes);
}

/** The values of a field of whole numbers; empty without the field, or for another type. */
export function numbersIn(source: ByteSource, { little }: TiffHeader, entry: Entry | undefined): number[] {
  if (entry === undefined) return [];
  const view = viewOf(bytesIn(source, entry));
  const size = SIZES[entry.type] ?? 1;
  const read = (at: number): number => {
    switch (entry.type) {
      case 3:
        return view.getUint16(at, little);
      case 4:
      case 13:
        return view.getUint32(at, little);
      case 16:
      case 18:
        return Number(view.getBigUint64(at, little));
      default:
        return view.getUint8(at);
    }
  };
  return Array.from({ length: Math.floor(view.byteLength / size) }, (_, index) => read(index * size));
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
