import { imageProblem, loadSharp } from "./sharp.ts";
import { sniffFormat } from "./sniff.ts";

/**
 * The image with its EXIF orientation applied to its samples, in its own format; the same bytes where it has none. Of what
 * has several pages the first is turned. Throws `invalid_input`.
 */
export async function turnUpright(bytes: Uint8Array): Promise<Uint8Array> {
  const format = sniffFormat(bytes);
  if (format === undefined || format === "bmp") return bytes;
  try {
    const sharp = await loadSharp();
    const image = sharp(bytes, { limitInputPixels: false });
    const { orientation } = await image.metadata();
    if ((orientation ?? 1) <= 1) return bytes;
    const upright = image.autoOrient().keepIccProfile();
    if (format === "jpeg") {
      return await upright.jpeg({ quality: 95, chromaSubsampling: "4:4:4" }).toBuffer();
    }
    return await upright.toFormat(format, format === "webp" ? { quality: 95 } : {}).toBuffer();
  } catch (error) {
    throw imageProblem(format, error);
  }
}
