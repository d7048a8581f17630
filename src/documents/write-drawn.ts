import { writeFile } from "node:fs/promises";
import { loadSharp } from "../images/sharp.ts";
import type { Samples } from "./pdfium/image.ts";
import { withDensity } from "./png.ts";

/** Writes a drawn page as PNG: of text it is half of what a JPEG of quality 95 is, and made in less time. */
export async function writeDrawn(
  { data, width, height, channels }: Samples,
  dpi: number,
  output: string,
): Promise<{ format: "png"; bytes: number }> {
  const sharp = await loadSharp();
  const image = sharp(data, { raw: { width, height, channels }, limitInputPixels: false });
  const typed = image.toColourspace(channels === 1 ? "b-w" : "srgb");
  const png = withDensity(await typed.png({ compressionLevel: 2 }).toBuffer(), dpi);
  await writeFile(output, png);
  return { format: "png", bytes: png.length };
}
