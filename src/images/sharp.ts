import type Sharp from "sharp";
import { AppError } from "../errors.ts";

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

/** A libvips error as the reason of a rejection: its first line, without the library's own words. */
export function imageProblem(format: string, error: unknown): AppError {
  const text = error instanceof Error ? error.message : String(error);
  const line = (text.split("\n")[0] ?? "").replace(/^Input buffer (has corrupt header: )?/, "").trim();
  return new AppError("invalid_input", `damaged or truncated ${format.toUpperCase()}: ${line}`, {
    cause: error,
  });
}
