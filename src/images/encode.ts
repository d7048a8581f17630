import type { JpegOptions, Sharp } from "sharp";
import { decodable, open } from "./decode.ts";
import { type ImageFacts, turnToMake } from "./facts.ts";
import { describeJpeg } from "./jpeg.ts";
import { isOpaque, type Pixels, toEightBits } from "./pixels.ts";
import { loadSharp } from "./sharp.ts";

const JPEG_QUALITY = 95;

/** Longest side of a JPEG that decoders accept. */
export const MAX_JPEG_SIDE = 65_500;

/**
 * Encodes samples as an upright 4:4:4 JPEG with the source's resolution and profile; 16-bit samples keep
 * their upper half. Returns undefined if transparency would be lost.
 */
export async function encodeJpeg(pixels: Pixels, facts: ImageFacts): Promise<Uint8Array | undefined> {
  const alpha = pixels.channels === 2 || pixels.channels === 4;
  if (alpha !== facts.alpha || (alpha && !isOpaque(pixels))) return undefined;
  const { data, width, height, channels } = toEightBits(pixels);
  const sharp = await loadSharp();
  const raw = { width, height, channels: channels as 1 | 2 | 3 | 4 };
  const image = sharp(data, { raw, limitInputPixels: false });
  return finish(turn(alpha ? image.removeAlpha() : image, turnToMake(facts)), facts);
}

/** Whether it can be encoded row by row: upright, without alpha, and readable by libvips. */
export function isStreamable(facts: ImageFacts): boolean {
  return turnToMake(facts) === 1 && !facts.alpha && facts.format !== "bmp";
}

/** `encodeJpeg` for a streamable image, without holding all samples; the coded data is the same. */
export async function encodeInStrips(
  bytes: Uint8Array,
  facts: ImageFacts,
  options: Pick<JpegOptions, "optimiseCoding">,
): Promise<Uint8Array> {
  return finish(open(await loadSharp(), decodable(bytes, facts), { failOn: "error" }), facts, options);
}

async function finish(image: Sharp, facts: ImageFacts, more: JpegOptions = {}): Promise<Uint8Array> {
  const shades = facts.colours === "grey" ? image.toColourspace("b-w") : image;
  const options = { quality: JPEG_QUALITY, chromaSubsampling: "4:4:4", ...more };
  return describeJpeg(await shades.jpeg(options).toBuffer(), facts);
}

/** Mirrors, then rotates clockwise, as libvips does. */
function turn(image: Sharp, orientation: number): Sharp {
  switch (orientation) {
    case 2:
      return image.flop();
    case 3:
      return image.rotate(180);
    case 4:
      return image.flip();
    case 5:
      return image.flip().rotate(90);
    case 6:
      return image.rotate(90);
    case 7:
      return image.flop().rotate(90);
    case 8:
      return image.rotate(270);
    default:
      return image;
  }
}
