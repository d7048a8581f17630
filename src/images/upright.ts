import { decodeBmp } from "./bmp.ts";
import { toEightBits } from "./pixels.ts";
import { imageProblem, loadSharp } from "./sharp.ts";
import { sniffFormat } from "./sniff.ts";

/**
 * Applies the EXIF orientation to the samples, in the image's own format; returns the same bytes if there is
 * none. Rotates only the first page. Throws `invalid_input`.
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

/** The first page as PNG, for readers without support for its format. Throws `invalid_input`. */
export async function toPng(bytes: Uint8Array): Promise<Uint8Array> {
  const format = sniffFormat(bytes);
  if (format === undefined || format === "png") return bytes;
  try {
    const sharp = await loadSharp();
    if (format !== "bmp") return await sharp(bytes, { limitInputPixels: false }).png().toBuffer();
    const pixels = decodeBmp(bytes);
    if (pixels === undefined) throw new Error("unreadable");
    const { data, width, height, channels } = toEightBits(pixels);
    const raw = { width, height, channels: channels as 1 | 2 | 3 | 4 };
    return await sharp(data, { raw, limitInputPixels: false }).png().toBuffer();
  } catch (error) {
    throw imageProblem(format, error);
  }
}
