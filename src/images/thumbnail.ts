import { loadSharp } from "./sharp.ts";

/** Longer side in pixels. */
export const THUMBNAIL_SIDE = 256;

/** A small upright WebP of the first page on white. Throws errors of libvips. */
export async function makeThumbnail(bytes: Uint8Array): Promise<Uint8Array> {
  const sharp = await loadSharp();
  return sharp(bytes, { limitInputPixels: false, failOn: "none" })
    .autoOrient()
    .resize(THUMBNAIL_SIDE, THUMBNAIL_SIDE, { fit: "inside", withoutEnlargement: true })
    .flatten({ background: "white" })
    .webp({ quality: 75, effort: 0 })
    .toBuffer();
}
