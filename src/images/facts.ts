import type { Turn } from "./exif.ts";
import type { ImageFormat } from "./sniff.ts";

/** Facts read from an image's bytes before decoding. */
export interface ImageFacts extends Turn {
  format: ImageFormat;
  /** Stored pixels, before `orientation` is applied. */
  storedWidth: number;
  storedHeight: number;
  pages: number;
  /** Bits per sample; 0 unless samples are unsigned integers. */
  bits: number;
  /** `other`: CMYK, Lab, YCbCr in TIFF, or extra channels. */
  colours: "grey" | "rgb" | "other";
  /** Declares an alpha channel or a transparent colour. */
  alpha: boolean;
  profile: Uint8Array | undefined;
  lossless: boolean;
  /** Other data that affects how samples look (gamma, primaries). */
  shown?: Uint8Array | undefined;
  /** Holds more than this page (gain map, second picture), so only equal bytes are duplicates. */
  ownBytes?: boolean;
  /** Must be decoded as a whole: progressive JPEG, interlaced PNG, WebP, AVIF. */
  whole: boolean;
  /** Why it is rejected though its first picture may decode: Pillow fails, or a later frame is cut off. */
  unreadable?: string | undefined;
  /** Why Pillow does not support this kind of image, which need not be damaged. */
  unknownKind?: string | undefined;
}

/** Orientation still to apply to decoded samples; AVIF decoders apply it themselves. */
export function turnToMake({ format, orientation }: ImageFacts): number {
  return format === "avif" ? 1 : (orientation ?? 1);
}

export interface Size {
  width: number;
  height: number;
}

export function uprightSize({ storedWidth, storedHeight, orientation }: ImageFacts): Size {
  const turned = (orientation ?? 1) >= 5;
  return turned ? { width: storedHeight, height: storedWidth } : { width: storedWidth, height: storedHeight };
}

/** Pixels as decoded, before `turnToMake` is applied. */
export function decodedSize(facts: ImageFacts): Size {
  const { storedWidth, storedHeight } = facts;
  return turnToMake(facts) === 1 ? uprightSize(facts) : { width: storedWidth, height: storedHeight };
}
