import { latin } from "./exif.ts";

/**
 * What Pillow, by which `datasets` and most trainers decode, asks of the data beside the pixels. An image whose pixels
 * decode may be useless to them all the same.
 */

const TIFF_HEADERS = ["MM\0*", "II*\0", "MM*\0", "II\0*", "MM\0+", "II+\0"];

/** Why Pillow does not take an EXIF block; undefined where it does. */
export function exifProblem(block: Uint8Array): string | undefined {
  let start = 0;
  while (latin(block, start, start + 6) === "Exif\0\0") start += 6;
  if (start === block.length) return undefined;
  if (block.length - start < 8 || !TIFF_HEADERS.includes(latin(block, start, start + 4))) {
    return "its EXIF block does not begin as one";
  }
  return undefined;
}

/** Samples of a TIFF: as its tags say them. */
export interface TiffSamples {
  photometric: number;
  /** 1: unsigned, 2: signed, 3: floating point. */
  format: number;
  /** Bits of each sample. */
  bits: readonly number[];
  little: boolean;
}

/** Bits of the samples of one pixel that Pillow takes, by photometric interpretation and sample format. */
const TIFF_BITS: Record<string, readonly string[]> = {
  "0/1": ["1", "2", "4", "8", "16"],
  "0/3": ["32"],
  "1/1": ["1", "2", "4", "8", "12", "16", "32", "8,8"],
  "1/2": ["8", "16", "32"],
  "1/3": ["32"],
  "2/1": ["8,8,8", "8,8,8,8", "8,8,8,8,8", "8,8,8,8,8,8", "16,16,16", "16,16,16,16"],
  "3/1": ["1", "2", "4", "8", "8,8"],
  "5/1": ["8,8,8,8", "8,8,8,8,8", "8,8,8,8,8,8", "16,16,16,16"],
  "6/1": ["8", "8,8,8"],
  "8/1": ["8,8,8"],
};
/** Those that it takes in the order of Intel alone. */
const LITTLE_ONLY = new Set(["0/1:16", "1/1:12", "1/1:32"]);

/** Why Pillow does not take samples of this kind; undefined where it does. */
export function samplesProblem({ photometric, format, bits, little }: TiffSamples): string | undefined {
  const kind = `${photometric}/${format}`;
  const layout = bits.join(",");
  const known = TIFF_BITS[kind]?.includes(layout) && (little || !LITTLE_ONLY.has(`${kind}:${layout}`));
  return known
    ? undefined
    : `samples of ${layout} bits, format ${format}, photometric interpretation ${photometric} are not read by Pillow`;
}

/** Why Pillow does not take a page in old-style JPEG; undefined where it may. */
export function oldJpegProblem(photometric: number, tileColumns: boolean): string | undefined {
  if (photometric !== 2 && photometric !== 6) {
    return `old-style JPEG with photometric interpretation ${photometric} is not read by Pillow`;
  }
  return tileColumns ? "old-style JPEG in tiles beside each other is not read by Pillow" : undefined;
}

/** Longest text of a PNG's compressed chunk, and of all its texts together. */
export const MAX_TEXT_BYTES = 1024 * 1024;
export const MAX_TEXTS_BYTES = 64 * MAX_TEXT_BYTES;
