import { AppError } from "../errors.ts";
import { OLD_JPEG, oldJpegOf } from "./tiff-old-jpeg.ts";
import {
  bytesOf,
  directoriesOf,
  numbersOf,
  openTiff,
  type TiffDirectory,
  type TiffFile,
} from "./tiff-tags.ts";

/** A page as a file of its own, with the sample bytes of the original. */
export interface TiffPage {
  bytes: Uint8Array;
  format: "tiff" | "jpeg";
}

const KIND = 254;
const COMPRESSION = 259;
/** Tags of offsets and lengths of the sample data: strips or tiles. */
const SAMPLES = [
  { offsets: 273, lengths: 279 },
  { offsets: 324, lengths: 325 },
] as const;
/** Tags that point to other directories: SubIFDs, EXIF, GPS, interoperability. */
const POINTERS = [330, 34665, 34853, 40965];
/** NewSubfileType bits of a thumbnail or a mask. */
const NO_PAGE = 0b101;
const LONG = 4;
const MAX_PIECES = 1_000_000;

export interface TiffPages {
  count: number;
  /** Extracts a page by number, from 1. Throws `invalid_input`. */
  cut(page: number): TiffPage;
}

/** The pages of a TIFF in order, without thumbnails and masks. Throws `invalid_input`. */
export function tiffPages(bytes: Uint8Array): TiffPages {
  const file = openTiff(bytes);
  if (file === undefined) throw new AppError("invalid_input", "damaged TIFF: it has no header");
  const all = Array.from(directoriesOf(file));
  const full = all.filter((directory) => ((numbersOf(file, directory, KIND)[0] ?? 0) & NO_PAGE) === 0);
  const pages = full.length === 0 ? all : full;
  if (pages.length === 0) throw new AppError("invalid_input", "damaged TIFF: it ends before its first page");
  return {
    count: pages.length,
    cut: (page) => {
      const directory = pages[page - 1];
      if (directory === undefined) throw unusable(page, `the file has only ${pages.length} pages`);
      return cutPage(file, directory, page);
    },
  };
}

function cutPage(file: TiffFile, directory: TiffDirectory, page: number): TiffPage {
  if (numbersOf(file, directory, COMPRESSION)[0] === OLD_JPEG) {
    const jpeg = oldJpegOf(file, directory);
    if ("problem" in jpeg) throw unusable(page, jpeg.problem);
    return { bytes: jpeg, format: "jpeg" };
  }
  const kind = SAMPLES.find(({ offsets }) => directory.fields.has(offsets));
  if (kind === undefined) throw unusable(page, "it has no samples");
  const starts = numbersOf(file, directory, kind.offsets, MAX_PIECES);
  const lengths = numbersOf(file, directory, kind.lengths, MAX_PIECES);
  const pieces = starts.map((start, at) => ({ start, length: lengths[at] ?? 0 }));
  const isWhole = pieces.every(({ start, length }) => start + length <= file.bytes.length);
  if (lengths.length !== starts.length || !isWhole) throw unusable(page, "it ends before its samples");
  return { bytes: writePage(file, directory, kind, pieces), format: "tiff" };
}

interface Piece {
  start: number;
  length: number;
}

/** Writes one directory: the page's fields, their values, its samples, in the file's byte order. */
function writePage(
  file: TiffFile,
  directory: TiffDirectory,
  kind: (typeof SAMPLES)[number],
  pieces: readonly Piece[],
): Uint8Array {
  const moved: number[] = [kind.offsets, kind.lengths];
  const kept = [...directory.fields]
    .filter(([tag, { type }]) => !POINTERS.includes(tag) && (moved.includes(tag) || isClassic(type)))
    .sort(([a], [b]) => a - b);
  const head = 8 + 2 + kept.length * 12 + 4;
  const values = kept.map(([tag]) =>
    moved.includes(tag)
      ? new Uint8Array(pieces.length * 4)
      : (bytesOf(file, directory, tag) ?? new Uint8Array()),
  );
  let end = head;
  const places = values.map(({ length }) => {
    const at = end;
    if (length > 4) end += length + (length % 2);
    return at;
  });
  const data = pieces.map(({ length }) => {
    const at = end;
    end += length + (length % 2);
    return at;
  });
  const out = new Uint8Array(end);
  const view = new DataView(out.buffer);
  const { little } = file;
  out.set(file.bytes.subarray(0, 2));
  view.setUint16(2, 42, little);
  view.setUint32(4, 8, little);
  view.setUint16(8, kept.length, little);
  for (const [at, [tag, field]] of kept.entries()) {
    const entry = 10 + at * 12;
    const value = values[at] as Uint8Array;
    const place = value.length > 4 ? (places[at] ?? 0) : entry + 8;
    const isMoved = moved.includes(tag);
    view.setUint16(entry, tag, little);
    view.setUint16(entry + 2, isMoved ? LONG : field.type, little);
    view.setUint32(entry + 4, isMoved ? pieces.length : field.count, little);
    if (value.length > 4) view.setUint32(entry + 8, place, little);
    out.set(value, place);
    if (!isMoved) continue;
    const numbers = tag === kind.offsets ? data : pieces.map(({ length }) => length);
    for (const [index, number] of numbers.entries()) view.setUint32(place + index * 4, number, little);
  }
  for (const [at, { start, length }] of pieces.entries()) {
    out.set(file.bytes.subarray(start, start + length), data[at]);
  }
  return out;
}

/** Types 1 to 12; BigTIFF adds offset types. */
function isClassic(type: number): boolean {
  return type >= 1 && type <= 12;
}

function unusable(page: number, why: string): AppError {
  return new AppError("invalid_input", `page ${page} cannot be taken out: ${why}`);
}
