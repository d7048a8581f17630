import type { Turn } from "./exif.ts";
import type { ImageFormat } from "./sniff.ts";

/** What our own look at an image's bytes found, before anything is decoded. */
export interface ImageFacts extends Turn {
  format: ImageFormat;
  /** Pixels as they are stored; `orientation` may turn them. */
  storedWidth: number;
  storedHeight: number;
  /** Pages, or frames of an animation. */
  pages: number;
  /** Bits of a sample; 0 where samples are no unsigned integers. */
  bits: number;
  /** `other`: CMYK, Lab, YCbCr in TIFF, more channels than colours. */
  colours: "grey" | "rgb" | "other";
  /** An alpha channel or a transparent colour is declared. */
  alpha: boolean;
  /** ICC profile. */
  profile: Uint8Array | undefined;
  /** Its samples come out of the file as they went in. */
  lossless: boolean;
  /** What else says how its samples look (gamma, primaries). */
  shown?: Uint8Array | undefined;
  /** Holds more than this page (a gain map, a second picture): only equal bytes are the same. */
  ownBytes?: boolean;
  /** Can only be decoded as a whole: progressive JPEG, interlaced PNG, WebP, AVIF. */
  whole: boolean;
  /** Why it is of no use, though its first picture may decode: Pillow would not open it, or a later frame is not whole. */
  unreadable?: string | undefined;
  /** Why Pillow does not read images of its kind, of which nothing need be damaged. */
  unknownKind?: string | undefined;
}

/** The orientation that decoded samples still have: an AVIF's decoder turns them. */
export function turnToMake({ format, orientation }: ImageFacts): number {
  return format === "avif" ? 1 : (orientation ?? 1);
}

export interface Size {
  width: number;
  height: number;
}

/** Width and height of an upright page. */
export function uprightSize({ storedWidth, storedHeight, orientation }: ImageFacts): Size {
  const turned = (orientation ?? 1) >= 5;
  return turned ? { width: storedHeight, height: storedWidth } : { width: storedWidth, height: storedHeight };
}

/** Width and height as its decoder gives it, of which `turnToMake` is still to be made. */
export function decodedSize(facts: ImageFacts): Size {
  const { storedWidth, storedHeight } = facts;
  return turnToMake(facts) === 1 ? uprightSize(facts) : { width: storedWidth, height: storedHeight };
}
