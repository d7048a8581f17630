import { loadSharp } from "./sharp.ts";

/** Pixels of the longer side. */
export const THUMBNAIL_SIDE = 256;

/** A small WebP of an image, upright, on white; of several pages the first. Throws what libvips does. */
export async function makeThumbnail(bytes: Uint8Array): Promise<Uint8Array> {
  const sharp = await loadSharp();
  return sharp(bytes, { limitInputPixels: false, failOn: "none" })
    .autoOrient()
    .resize(THUMBNAIL_SIDE, THUMBNAIL_SIDE, { fit: "inside", withoutEnlargement: true })
    .flatten({ background: "white" })
    .webp({ quality: 75, effort: 0 })
    .toBuffer();
}
