import { pngChunks } from "../images/png.ts";

/** Writes the resolution into a PNG, over the one that libvips gives to every image. */
export function setDensity(png: Uint8Array, dpi: number): void {
  const view = new DataView(png.buffer, png.byteOffset, png.byteLength);
  const metre = Math.round(dpi / 0.0254);
  for (const { name, at, end } of pngChunks(png)) {
    if (name === "IDAT") return;
    if (name !== "pHYs") continue;
    view.setUint32(at + 8, metre);
    view.setUint32(at + 12, metre);
    png[at + 16] = 1; // dots a metre
    view.setUint32(end - 4, Bun.hash.crc32(png.subarray(at + 4, end - 4)));
  }
}
