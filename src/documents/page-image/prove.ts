import { imageProblem, loadSharp } from "../../images/sharp.ts";
import type { ImageFormat } from "../../images/sniff.ts";
import { drawPage } from "../pdfium/draw.ts";
import type { Samples } from "../pdfium/image.ts";
import type { Pdfium } from "../pdfium/instance.ts";
import { PageFault } from "../reasons.ts";
import type { PageImage } from "./find.ts";

/** The least width at which page and image are compared, if it has as much. */
const WIDTH = 500;
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
  { pauseMs, bare = false }: { pauseMs: number; bare?: boolean },
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
    pauseMs,
    bare,
    placed: {
      left: Math.round((seen.left - placed.left) * across),
      top: Math.round((placed.top - seen.top) * down),
      width: Math.round((seen.right - seen.left) * across),
      height: Math.round((seen.top - seen.bottom) * down),
    },
    quarters: (4 - image.quarters) % 4,
  });
  return typeof drawn === "string" ? undefined : drawn;
}

/** Whether the page, which was drawn, shows no annotation: without them not a sample of it is another. */
export function hidesAnnotations(
  pdfium: Pdfium,
  page: number,
  image: PageImage,
  { drawn, pauseMs }: { drawn: Samples; pauseMs: number },
): boolean {
  if (!image.annotated) return true;
  const bare = drawSmall(pdfium, page, image, { pauseMs, bare: true });
  return bare?.channels === drawn.channels && Buffer.from(bare.data).equals(drawn.data);
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
    if (small.length !== drawn.width * drawn.height * 3) return false;
    const { colour, brightness } = worstBlock(drawn, small);
    return inks ? brightness <= INK_LIMIT : colour <= LIMIT;
  } catch (error) {
    throw new PageFault(`page ${page}: ${imageProblem(format, error).message}`);
  }
}

/** The largest differences of means over blocks: in a channel, and of all channels together. `other` has three. */
function worstBlock(drawn: Samples, other: Uint8Array): { colour: number; brightness: number } {
  const worst = { colour: 0, brightness: 0 };
  const rows = edges(drawn.height);
  const columns = edges(drawn.width);
  for (let row = 1; row < rows.length; row++)
    for (let column = 1; column < columns.length; column++) {
      const top = rows[row - 1] as number;
      const bottom = rows[row] as number;
      const left = columns[column - 1] as number;
      const right = columns[column] as number;
      const { red, green, blue } = differences(drawn, other, { top, bottom, left, right });
      const count = (bottom - top) * (right - left);
      const most = Math.max(Math.abs(red), Math.abs(green), Math.abs(blue));
      worst.colour = Math.max(worst.colour, most / count);
      worst.brightness = Math.max(worst.brightness, Math.abs(red + green + blue) / (3 * count));
    }
  return worst;
}

/** Sums over a block. The inner loop sees each sample of the page: it is written for speed. */
function differences(
  { data, width, channels }: Samples,
  other: Uint8Array,
  { top, bottom, left, right }: { top: number; bottom: number; left: number; right: number },
): { red: number; green: number; blue: number } {
  let red = 0;
  let green = 0;
  let blue = 0;
  const second = channels === 1 ? 0 : 1;
  const third = channels === 1 ? 0 : 2;
  for (let y = top; y < bottom; y++) {
    let at = (y * width + left) * channels;
    const end = (y * width + right) * 3;
    for (let from = (y * width + left) * 3; from < end; from += 3) {
      red += (data[at] as number) - (other[from] as number);
      green += (data[at + second] as number) - (other[from + 1] as number);
      blue += (data[at + third] as number) - (other[from + 2] as number);
      at += channels;
    }
  }
  return { red, green, blue };
}

/** Where blocks begin and end: the last one takes what is left. */
function edges(size: number): number[] {
  const count = Math.max(1, Math.floor(size / BLOCK));
  return Array.from({ length: count + 1 }, (_, index) => (index === count ? size : index * BLOCK));
}
