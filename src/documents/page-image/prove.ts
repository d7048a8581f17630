import { imageProblem, loadSharp } from "../../images/sharp.ts";
import type { ImageFormat } from "../../images/sniff.ts";
import { drawPage } from "../pdfium/draw.ts";
import type { Samples } from "../pdfium/image.ts";
import type { Pdfium } from "../pdfium/instance.ts";
import { PageFault } from "../reasons.ts";
import type { PageImage } from "./find.ts";

/** The least width at which page and image are compared, if it has as much. */
const WIDTH = 620;
const BLOCK = 16;
/**
 * How far the means of a block may be apart, in levels. Of images that a page shows as they are at most 8 were measured,
 * of those with a stamp, a mask, a clip or other colours 38 and more.
 */
const LIMIT = 12;
/** The same of the brightness of inks, which everybody mixes in another way; a negative is 200 apart. */
const INK_LIMIT = 60;

/** A picture of the page as it is shown, to be compared: unturned, as far as the image reaches. */
export function drawSmall(
  pdfium: Pdfium,
  page: number,
  image: PageImage,
  pauseMs: number,
): Samples | undefined {
  const { placed, seen } = image;
  const shrink = Math.max(1, Math.floor(image.width / WIDTH)); // both sides make the same means of whole pixels
  const width = Math.max(1, Math.round(image.width / shrink));
  const height = Math.max(1, Math.round(image.height / shrink));
  const across = width / (placed.right - placed.left);
  const down = height / (placed.top - placed.bottom);
  const drawn = drawPage(pdfium, page, {
    width,
    height,
    channels: 4,
    pauseMs,
    placed: {
      left: Math.round((seen.left - placed.left) * across),
      top: Math.round((placed.top - seen.top) * down),
      width: Math.round((seen.right - seen.left) * across),
      height: Math.round((seen.top - seen.bottom) * down),
    },
    quarters: (4 - image.quarters) % 4,
  });
  if (typeof drawn === "string") return undefined;
  const data = new Uint8Array(width * height * 3);
  for (let from = 0, to = 0; to < data.length; from += 4) {
    data[to++] = drawn.data[from] as number;
    data[to++] = drawn.data[from + 1] as number;
    data[to++] = drawn.data[from + 2] as number;
  }
  return { data, width, height, channels: 3 };
}

/**
 * Whether the page looks like the file, or like the samples. Of a file in inks only the brightness is compared. Throws
 * `PageFault` for a file that is damaged.
 */
export async function looksLike(
  drawn: Samples,
  shown: Uint8Array | Samples,
  { format, page, inks = false }: { format: ImageFormat; page: number; inks?: boolean },
): Promise<boolean> {
  const sharp = await loadSharp();
  const isFile = shown instanceof Uint8Array;
  const image = isFile
    ? sharp(shown, { limitInputPixels: false, failOn: "error" })
    : sharp(shown.data, { raw: { ...shown }, limitInputPixels: false });
  try {
    const small = await image
      .removeAlpha()
      .toColourspace("srgb")
      .resize(drawn.width, drawn.height, { fit: "fill", kernel: "linear" })
      .raw()
      .toBuffer();
    if (small.length !== drawn.data.length) return false;
    const { colour, brightness } = worstBlock(drawn, small);
    return inks ? brightness <= INK_LIMIT : colour <= LIMIT;
  } catch (error) {
    throw new PageFault(`page ${page}: ${imageProblem(format, error).message}`);
  }
}

/**
 * The largest differences of means over blocks: in a channel, and of all channels together. Blocks at the right and lower
 * edge reach back inwards.
 */
function worstBlock(
  { data, width, height }: Samples,
  other: Uint8Array,
): { colour: number; brightness: number } {
  const worst = { colour: 0, brightness: 0 };
  for (const top of starts(height))
    for (const left of starts(width)) {
      let [red, green, blue] = [0, 0, 0];
      const [bottom, right] = [Math.min(height, top + BLOCK), Math.min(width, left + BLOCK)];
      for (let y = top; y < bottom; y++)
        for (let at = (y * width + left) * 3; at < (y * width + right) * 3; at += 3) {
          red += (data[at] as number) - (other[at] as number);
          green += (data[at + 1] as number) - (other[at + 1] as number);
          blue += (data[at + 2] as number) - (other[at + 2] as number);
        }
      const count = (bottom - top) * (right - left);
      const most = Math.max(Math.abs(red), Math.abs(green), Math.abs(blue));
      worst.colour = Math.max(worst.colour, most / count);
      worst.brightness = Math.max(worst.brightness, Math.abs(red + green + blue) / (3 * count));
    }
  return worst;
}

function starts(size: number): number[] {
  const count = Math.ceil(size / BLOCK);
  return Array.from({ length: count }, (_, index) => Math.max(0, Math.min(index * BLOCK, size - BLOCK)));
}
