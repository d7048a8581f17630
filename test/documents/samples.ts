import { readFile } from "node:fs/promises";
import { loadSharp } from "../../src/images/sharp.ts";

/** The samples of an image file as it is seen, to be looked at one by one. */
export async function samplesOf(file: string | Uint8Array) {
  const sharp = await loadSharp();
  const bytes = typeof file === "string" ? await readFile(file) : file;
  const { density, orientation, depth, space } = await sharp(bytes).metadata();
  const image = sharp(bytes).autoOrient().toColourspace(space);
  const wide = depth === "ushort";
  const { data: raw, info } = await image
    .raw(wide ? { depth: "ushort" } : {})
    .toBuffer({ resolveWithObject: true });
  const data = wide ? new Uint16Array(raw.buffer, raw.byteOffset, raw.length / 2) : raw;
  const { width, height, channels } = info;
  const at = (x: number, y: number) => {
    const start = (y * width + x) * channels;
    return [...data.subarray(start, start + channels)];
  };
  return { at, data, width, height, channels, density, orientation, depth };
}
