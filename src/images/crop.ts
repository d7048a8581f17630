import { imageProblem, loadSharp } from "./sharp.ts";
import { sniffFormat } from "./sniff.ts";
import { toPng } from "./upright.ts";

/** A rectangle of an image, in pixels. */
export interface Cutting {
  left: number;
  top: number;
  width: number;
  height: number;
}

/** Crops of an upright image as 4:4:4 JPEGs; the image is decoded once. Throws `invalid_input`. */
export async function cutImage(bytes: Uint8Array, cuttings: readonly Cutting[]): Promise<Uint8Array[]> {
  if (cuttings.length === 0) return [];
  const format = sniffFormat(bytes) ?? "jpeg";
  try {
    const sharp = await loadSharp();
    const whole = sharp(format === "bmp" ? await toPng(bytes) : bytes, { limitInputPixels: false });
    const { data, info } = await whole
      .flatten({ background: "white" })
      .toColourspace("srgb")
      .raw()
      .toBuffer({ resolveWithObject: true });
    const raw = { width: info.width, height: info.height, channels: info.channels };
    const cut: Uint8Array[] = [];
    for (const cutting of cuttings) {
      const image = sharp(data, { raw, limitInputPixels: false }).extract(cutting);
      cut.push(await image.jpeg({ quality: 95, chromaSubsampling: "4:4:4" }).toBuffer());
    }
    return cut;
  } catch (error) {
    throw imageProblem(format, error);
  }
}
