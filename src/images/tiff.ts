import { damaged } from "./damage.ts";
import { placementOf, readXmpOrientation } from "./exif.ts";
import type { ImageFacts } from "./facts.ts";
import { oldJpegProblem, samplesProblem } from "./readers.ts";
import { hasTileColumns, OLD_JPEG, oldJpegOf } from "./tiff-old-jpeg.ts";
import {
  bytesOf,
  directoriesOf,
  numbersOf,
  openTiff,
  readDirectory,
  type TiffDirectory,
  type TiffFile,
} from "./tiff-tags.ts";

const WIDTH = 256;
const HEIGHT = 257;
const BITS = 258;
const COMPRESSION = 259;
const PHOTOMETRIC = 262;
const SAMPLES = 277;
const XMP = 700;
const PROFILE = 34675;
const EXTRA_SAMPLES = 338;
const SAMPLE_FORMAT = 339;

/** None, CCITT, LZW, deflate, PackBits. */
const LOSSLESS = new Set([1, 2, 3, 4, 5, 8, 32773, 32946]);
const JPEG_COMPRESSION = 7;

/** ExtraSamples values of alpha: premultiplied or not. */
const ALPHA_KINDS = [1, 2];

/** Reads a TIFF's directories; the facts describe the first page. */
export function inspectTiff(bytes: Uint8Array): ImageFacts {
  const file = openTiff(bytes);
  const first = file && readDirectory(file, file.first);
  if (file === undefined || first === undefined || first.fields.size === 0)
    throw damaged("tiff", "it ends before its first directory");
  const one = (tag: number, absent: number) => numbersOf(file, first, tag)[0] ?? absent;
  const [storedWidth, storedHeight] = [one(WIDTH, 0), one(HEIGHT, 0)];
  if (storedWidth === 0 || storedHeight === 0) throw damaged("tiff", "its first page has no size");
  const compression = one(COMPRESSION, 1);
  const channels = one(SAMPLES, 1);
  const photometric = one(PHOTOMETRIC, 1);
  const old = compression === OLD_JPEG;
  const named = old ? undefined : colourChannels(photometric, compression);
  const extra = numbersOf(file, first, EXTRA_SAMPLES);
  const alpha = channels === (named?.channels ?? 0) + 1 && ALPHA_KINDS.includes(extra[0] ?? 0);
  const plain = named !== undefined && (channels === named.channels || alpha);
  const placement = placementOf(file, first);
  const packet = bytesOf(file, first, XMP);
  return {
    format: "tiff",
    storedWidth,
    storedHeight,
    pages: Array.from(directoriesOf(file)).length,
    orientation: placement.orientation ?? (packet === undefined ? null : readXmpOrientation(packet)),
    dpi: placement.dpi,
    bits: sampleBits(file, first),
    colours: plain ? named.colours : "other",
    alpha,
    profile: bytesOf(file, first, PROFILE),
    lossless: LOSSLESS.has(compression),
    whole: false,
    unknownKind:
      (old ? oldJpegProblem(photometric, hasTileColumns(file, first)) : undefined) ??
      samplesProblem({
        photometric,
        format: numbersOf(file, first, SAMPLE_FORMAT)[0] ?? 1,
        bits: allBits(file, first, channels),
        little: file.little,
      }),
  };
}

function colourChannels(
  photometric: number,
  compression: number,
): { channels: number; colours: "grey" | "rgb" } | undefined {
  if (photometric <= 1) return { channels: 1, colours: "grey" };
  if (photometric === 2) return { channels: 3, colours: "rgb" };
  if (photometric === 3) return { channels: 1, colours: "rgb" };
  if (photometric === 6 && compression === JPEG_COMPRESSION) return { channels: 3, colours: "rgb" };
  return undefined;
}

/** Bits per sample if all are unsigned integers of one size that readers agree about; otherwise 0. */
function sampleBits(file: TiffFile, directory: TiffDirectory): number {
  const bits = numbersOf(file, directory, BITS);
  const formats = numbersOf(file, directory, SAMPLE_FORMAT);
  const [first = 1] = bits;
  const known = [1, 2, 4, 8, 16].includes(first);
  return known && bits.every((one) => one === first) && formats.every((format) => format === 1) ? first : 0;
}

/** Bits of each sample of a pixel; a single number applies to all. */
function allBits(file: TiffFile, directory: TiffDirectory, channels: number): number[] {
  const bits = numbersOf(file, directory, BITS);
  return Array.from({ length: Math.min(channels, 16) }, (_, index) => bits[index] ?? bits[0] ?? 1);
}

/** The JPEG of each page in old-style JPEG, and a file with the other pages. Throws if one is cut off. */
export function splitOldJpegs(bytes: Uint8Array): { jpegs: Map<number, Uint8Array>; rest: Uint8Array } {
  const file = openTiff(bytes);
  const pages = file === undefined ? [] : Array.from(directoriesOf(file));
  const jpegs = new Map<number, Uint8Array>();
  let rest: DataView | undefined;
  for (const [page, directory] of pages.entries()) {
    const field = directory.fields.get(COMPRESSION);
    if (file === undefined || field?.type !== 3 || numbersOf(file, directory, COMPRESSION)[0] !== OLD_JPEG)
      continue;
    const jpeg = oldJpegOf(file, directory);
    if ("problem" in jpeg) {
      throw damaged("tiff", page === 0 ? jpeg.problem : `page ${page + 1}: ${jpeg.problem}`);
    }
    jpegs.set(page, jpeg);
    if (pages.length === 1) continue;
    rest ??= new DataView(new Uint8Array(bytes).buffer);
    rest.setUint16(field.at, 1, file.little);
  }
  return { jpegs, rest: rest === undefined ? bytes : new Uint8Array(rest.buffer) };
}

/** Relabels a Lab TIFF as RGB, to check its samples: libvips reads only 16-bit Lab. */
export function mendTiff(bytes: Uint8Array): Uint8Array {
  const file = openTiff(bytes);
  const field = file && readDirectory(file, file.first)?.fields.get(PHOTOMETRIC);
  if (file === undefined || field?.type !== 3 || file.view.getUint16(field.at, file.little) !== LAB)
    return bytes;
  const copy = new Uint8Array(bytes);
  new DataView(copy.buffer).setUint16(field.at, 2, file.little);
  return copy;
}

const LAB = 8;
