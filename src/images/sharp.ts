import type Sharp from "sharp";
import { AppError } from "../errors.ts";
import { damaged, notTaken } from "./damage.ts";
import type { ImageFormat } from "./sniff.ts";

export type SharpModule = typeof Sharp;

let loading: Promise<SharpModule> | undefined;

/**
 * libvips, set up once in this thread: no cache (images are seen once), one thread an image (workers are the
 * parallelism), and none of the loaders for which the lake has no use.
 */
export function loadSharp(): Promise<SharpModule> {
  loading ??= import("sharp").then(({ default: sharp }) => {
    sharp.cache(false);
    sharp.concurrency(1);
    blockLoaders(sharp);
    return sharp;
  });
  return loading;
}

/** Loaders of libvips 8.18 beside those of `IMAGE_FORMATS`; a name that this build lacks does no harm. */
const UNWANTED_LOADERS = [
  "Analyze Csv Dcraw Fits Jp2k Jxl Magick Magick7 Mat Matrix Nifti Openexr Openslide Pdf Ppm Rad Raw Svg Uhdr Vips".split(
    " ",
  ),
  ["Jpeg", "Png", "Webp", "Nsgif", "Tiff", "Heif"].flatMap((name) => [`${name}File`, `${name}Source`]),
].flat();

/**
 * Blocks what is not wanted and nothing else. Blocks are of the whole process: to block all loaders and let some in
 * again would refuse good images to another worker thread in between.
 */
export function blockLoaders(sharp: SharpModule): void {
  sharp.block({ operation: UNWANTED_LOADERS.map((name) => `VipsForeignLoad${name}`) });
}

/** What libvips says of a file that is whole, and of a kind for which it has no decoder. */
const LACKING = /support is not configured$|whole number of bytes/;

/**
 * A libvips error as the reason of a rejection: what it says first, without the library's own words. A reason that we
 * found ourselves stays as it is.
 */
export function imageProblem(format: ImageFormat, error: unknown): AppError {
  if (error instanceof AppError) return error;
  const text = error instanceof Error ? error.message : String(error);
  const said = (text.split("\n")[0] ?? "")
    .replace(/^Input (buffer|image) /, "")
    .replace(/^has corrupt header:?\s*/, "")
    .replace(/(^|: )\w+: /, "$1")
    .replace(/bad seek to (\d+)$/, "it ends before its byte $1")
    .replace(/^libpng read error$/, "its data is cut off or spoiled")
    .replace(/^contains unsupported image format$/, "")
    .replace(/^(Unknown error|Warning treated as error.*)$/, "")
    .trim();
  if (LACKING.test(said)) return notTaken(format, said, error);
  return damaged(format, said === "" ? "its header or data cannot be read" : said, error);
}
