import { writeFile } from "node:fs/promises";
import { loadSharp } from "../images/sharp.ts";
import type { Drawn } from "./pdfium/draw.ts";
import { withDensity } from "./png.ts";

/** Writes a drawn page as PNG, grey where it is. */
export async function writeDrawn(
  drawn: Drawn,
  dpi: number,
  output: string,
): Promise<{ format: "png"; bytes: number }> {
  const sharp = await loadSharp();
  const { data, width, height, channels } = withoutColour(drawn);
  const image = sharp(data, { raw: { width, height, channels }, limitInputPixels: false });
  const opaque = channels === 4 ? image.removeAlpha() : image.toColourspace("b-w");
  const png = withDensity(await opaque.png({ compressionLevel: 2 }).toBuffer(), dpi);
  await writeFile(output, png);
  return { format: "png", bytes: png.length };
}

/** The page in one channel, where each of its pixels is grey; else as it was. */
function withoutColour(drawn: Drawn): Drawn {
  if (drawn.channels === 1) return drawn;
  const { data, width, height } = drawn;
  const pixels = new Uint32Array(data.buffer, data.byteOffset, data.byteLength / 4);
  const grey = new Uint8Array(pixels.length);
  for (let at = 0; at < pixels.length; at++) {
    const pixel = pixels[at] as number;
    if (((pixel ^ (pixel >>> 8)) & 0xffff) !== 0) return drawn;
    grey[at] = pixel;
  }
  return { data: grey, width, height, channels: 1 };
}
