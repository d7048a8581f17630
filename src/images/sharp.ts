import type Sharp from "sharp";
import { AppError } from "../errors.ts";
import { damaged, notTaken } from "./damage.ts";
import type { ImageFormat } from "./sniff.ts";

export type SharpModule = typeof Sharp;

let loading: Promise<SharpModule> | undefined;

/** libvips, set up once per thread: no cache (images are read once), one thread (workers are parallel). */
export function loadSharp(): Promise<SharpModule> {
  loading ??= import("sharp").then(({ default: sharp }) => {
    sharp.cache(false);
    sharp.concurrency(1);
    blockLoaders(sharp);
    return sharp;
  });
  return loading;
}

/** Loaders of libvips 8.18 outside `IMAGE_FORMATS`; names missing in this build are ignored. */
const UNWANTED_LOADERS = [
  "Analyze Csv Dcraw Fits Jp2k Jxl Magick Magick7 Mat Matrix Nifti Openexr Openslide Pdf Ppm Rad Raw Svg Uhdr Vips".split(
    " ",
  ),
  ["Jpeg", "Png", "Webp", "Nsgif", "Tiff", "Heif"].flatMap((name) => [`${name}File`, `${name}Source`]),
].flat();

/**
 * Blocks only unused loaders. Blocking is process-wide: blocking all and unblocking some would make another
 * worker thread reject good images in between.
 */
export function blockLoaders(sharp: SharpModule): void {
  sharp.block({ operation: UNWANTED_LOADERS.map((name) => `VipsForeignLoad${name}`) });
}

/** Errors of libvips for intact files that it has no decoder for. */
const LACKING = /support is not configured$|whole number of bytes/;

/**
 * A libvips error as rejection reason: its first message without prefixes. Returns our own errors unchanged.
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
