import { AppError } from "../errors.ts";
import { OLD_JPEG, oldJpegOf } from "./tiff-old-jpeg.ts";
import {
  type ByteSource,
  bytesIn,
  type Directory,
  numbersIn,
  readDirectories,
  type TiffHeader,
} from "./tiff-source.ts";
import { directoriesOf, openTiff } from "./tiff-tags.ts";

/** A page as a file of its own: the bytes of its samples are those of the whole file. */
export interface TiffPage {
  bytes: Uint8Array;
  format: "tiff" | "jpeg";
}

const KIND = 254;
const COMPRESSION = 259;
/** Tags of the offsets and lengths of the samples, in strips or in tiles. */
const SAMPLES = [
  { offsets: 273, lengths: 279 },
  { offsets: 324, lengths: 325 },
] as const;
/** Directories elsewhere in the file: SubIFDs, EXIF, GPS, interoperability. */
const POINTERS = [330, 34665, 34853, 40965];
/** Bits of the kind of a directory that is no page: a smaller version of another one, or its mask. */
const NO_PAGE = 0b101;
const LONG = 4;
/** A file in old-style JPEG is read whole up to this size. */
const MAX_WHOLE_BYTES = 256_000_000;
/** Samples of one page. */
const MAX_PAGE_BYTES = 1_000_000_000;

export interface TiffPages {
  count: number;
  /** The list of pages is not damaged: none can follow. */
  isWhole: boolean;
  /** The page of that number, from 1. Throws `invalid_input`. */
  cut(page: number): TiffPage;
}

/**
 * The pages of a TIFF in file order; reads its directories only. Reduced-resolution versions and masks are skipped. Throws
 * `invalid_input` for other files.
 */
export function tiffPages(source: ByteSource): TiffPages {
  const found = readDirectories(source);
  if (found === undefined) throw new AppError("invalid_input", "damaged TIFF: it has no header");
  const { header, directories, isWhole } = found;
  const numbered = directories.map((directory, index) => ({ directory, index }));
  const isPage = (directory: Directory) =>
    ((numbersIn(source, header, directory.get(KIND))[0] ?? 0) & NO_PAGE) === 0;
  const full = numbered.filter(({ directory }) => isPage(directory));
  const pages = full.length === 0 ? numbered : full;
  if (pages.length === 0) throw new AppError("invalid_input", "damaged TIFF: it ends before its first page");
  return {
    count: pages.length,
    isWhole,
    cut: (number) => {
      const page = pages[number - 1];
      if (page === undefined) throw unusable(number, `the file has only ${pages.length} pages`);
      if (numbersIn(source, header, page.directory.get(COMPRESSION))[0] === OLD_JPEG)
        return cutOldJpeg(source, page.index, number);
      return { bytes: cutPage(source, header, page.directory, number), format: "tiff" };
    },
  };
}

function cutOldJpeg(source: ByteSource, index: number, number: number): TiffPage {
  if (source.size > MAX_WHOLE_BYTES)
    throw unusable(number, "it is in old-style JPEG, in a file above 256 MB");
  const file = openTiff(source.read(0, source.size));
  const directory = file && Array.from(directoriesOf(file))[index];
  if (file === undefined || directory === undefined) throw unusable(number, "its directory is damaged");
  const jpeg = oldJpegOf(file, directory);
  if ("problem" in jpeg) throw unusable(number, jpeg.problem);
  return { bytes: jpeg, format: "jpeg" };
}

function cutPage(source: ByteSource, header: TiffHeader, directory: Directory, number: number): Uint8Array {
  const kind = SAMPLES.find(({ offsets }) => directory.has(offsets));
  if (kind === undefined) throw unusable(number, "it has no samples");
  const starts = numbersIn(source, header, directory.get(kind.offsets));
  const lengths = numbersIn(source, header, directory.get(kind.lengths));
  const pieces = starts.map((start, at) => ({ start, length: lengths[at] ?? 0 }));
  const isWhole = pieces.every(({ start, length }) => start + length <= source.size);
  if (lengths.length !== starts.length || !isWhole) throw unusable(number, "it ends before its samples");
  const total = lengths.reduce((sum, length) => sum + length, 0);
  if (total > MAX_PAGE_BYTES) throw unusable(number, "its samples are larger than 1 GB");
  return writePage(source, header, directory, kind, pieces);
}

interface Piece {
  start: number;
  length: number;
}

/** One directory with the page's fields and values, followed by its samples; in the byte order of the file. */
function writePage(
  source: ByteSource,
  header: TiffHeader,
  directory: Directory,
  kind: (typeof SAMPLES)[number],
  pieces: readonly Piece[],
): Uint8Array {
  const moved: number[] = [kind.offsets, kind.lengths];
  const kept = [...directory]
    .filter(([tag, { type }]) => !POINTERS.includes(tag) && (moved.includes(tag) || isClassic(type)))
    .sort(([a], [b]) => a - b);
  const head = 8 + 2 + kept.length * 12 + 4;
  const values = kept.map(([tag, entry]) =>
    moved.includes(tag) ? new Uint8Array(pieces.length * 4) : bytesIn(source, entry),
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
  const { little } = header;
  out.set(little ? [0x49, 0x49] : [0x4d, 0x4d]);
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
    for (const [index, value] of numbers.entries()) view.setUint32(place + index * 4, value, little);
  }
  for (const [at, { start, length }] of pieces.entries()) out.set(source.read(start, length), data[at]);
  return out;
}

/** Types 1 to 12; BigTIFF adds others, for offsets. */
function isClassic(type: number): boolean {
  return type >= 1 && type <= 12;
}

function unusable(page: number, why: string): AppError {
  return new AppError("invalid_input", `page ${page} cannot be taken out: ${why}`);
}
