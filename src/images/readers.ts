import { latin } from "./exif.ts";

/** What Pillow, used by `datasets` and most trainers, requires besides decodable pixels. */

const TIFF_HEADERS = ["MM\0*", "II*\0", "MM*\0", "II\0*", "MM\0+", "II+\0"];

/** Why Pillow rejects an EXIF block; undefined if it accepts it. */
export function exifProblem(block: Uint8Array): string | undefined {
  let start = 0;
  while (latin(block, start, start + 6) === "Exif\0\0") start += 6;
  if (start === block.length) return undefined;
  if (block.length - start < 8 || !TIFF_HEADERS.includes(latin(block, start, start + 4))) {
    return "its EXIF block does not begin as one";
  }
  return undefined;
}

/** Sample format of a TIFF, from its tags. */
export interface TiffSamples {
  photometric: number;
  /** 1: unsigned, 2: signed, 3: floating point. */
  format: number;
  bits: readonly number[];
  little: boolean;
}

/** Bits per sample that Pillow accepts, by photometric interpretation and sample format. */
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
/** Accepted in little-endian files only. */
const LITTLE_ONLY = new Set(["0/1:16", "1/1:12", "1/1:32"]);

/** Why Pillow rejects this sample format; undefined if it accepts it. */
export function samplesProblem({ photometric, format, bits, little }: TiffSamples): string | undefined {
  const kind = `${photometric}/${format}`;
  const layout = bits.join(",");
  const known = TIFF_BITS[kind]?.includes(layout) && (little || !LITTLE_ONLY.has(`${kind}:${layout}`));
  return known
    ? undefined
    : `samples of ${layout} bits, format ${format}, photometric interpretation ${photometric} are not read by Pillow`;
}

/** Why Pillow rejects a page in old-style JPEG; undefined if it may accept it. */
export function oldJpegProblem(photometric: number, tileColumns: boolean): string | undefined {
  if (photometric !== 2 && photometric !== 6) {
    return `old-style JPEG with photometric interpretation ${photometric} is not read by Pillow`;
  }
  return tileColumns ? "old-style JPEG in tiles beside each other is not read by Pillow" : undefined;
}

/** Limit of one compressed text chunk of a PNG, and of all its texts together. */
export const MAX_TEXT_BYTES = 1024 * 1024;
export const MAX_TEXTS_BYTES = 64 * MAX_TEXT_BYTES;
