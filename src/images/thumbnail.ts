import { loadSharp } from "./sharp.ts";

/** Longer side of pictures in lists, in pixels. */
export const THUMBNAIL_SIDE = 256;

/**
 * A smaller upright WebP of a page (from 0) on white. What was not checked may have as many pixels as libvips takes by
 * default. Throws errors of libvips.
 */
export async function makeThumbnail(
  bytes: Uint8Array,
  side = THUMBNAIL_SIDE,
  page = 0,
  isChecked = true,
): Promise<Uint8Array> {
  const sharp = await loadSharp();
  return sharp(bytes, { limitInputPixels: !isChecked, failOn: "none", page })
    .autoOrient()
    .resize(side, side, { fit: "inside", withoutEnlargement: true })
    .flatten({ background: "white" })
    .webp({ quality: 75, effort: 0 })
    .toBuffer();
}
