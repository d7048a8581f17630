import { promisify } from "node:util";
import { deflate } from "node:zlib";
import { pngChunks } from "../images/png.ts";
import { loadSharp } from "../images/sharp.ts";
import type { Samples } from "./pdfium/image.ts";

/** Samples as a PNG of this resolution, turned clockwise; of one bit where all are black or white. */
export async function encodePng(
  samples: Samples,
  { quarters, dpi }: { quarters: number; dpi: number },
): Promise<Uint8Array> {
  const { data, width, height, channels } = quarters === 0 ? samples : await turn(samples, quarters);
  if (channels === 1 && data.every((sample) => sample === 0 || sample === 255))
    return encodeBilevel(data, { width, height, dpi });
  const sharp = await loadSharp();
  const image = sharp(data, { raw: { width, height, channels }, limitInputPixels: false });
  const png = await image
    .toColourspace(channels === 1 ? "b-w" : "srgb")
    .png({ compressionLevel: 4 })
    .toBuffer();
  return withDensity(png, dpi);
}

async function turn({ data, width, height, channels }: Samples, quarters: number): Promise<Samples> {
  const sharp = await loadSharp();
  const { data: turned, info } = await sharp(data, {
    raw: { width, height, channels },
    limitInputPixels: false,
  })
    .toColourspace(channels === 1 ? "b-w" : "srgb")
    .rotate(quarters * 90)
    .raw()
    .toBuffer({ resolveWithObject: true });
  return { data: turned, width: info.width, height: info.height, channels };
}

const compress = promisify(deflate);

/** A grey PNG of one bit a sample, which libvips does not write (ISO/IEC 15948). */
async function encodeBilevel(
  data: Uint8Array,
  { width, height, dpi }: { width: number; height: number; dpi: number },
): Promise<Uint8Array> {
  const stride = 1 + Math.ceil(width / 8);
  const rows = new Uint8Array(stride * height); // each begins with its filter: none
  for (let y = 0, from = 0; y < height; y++)
    for (let x = 0, row = y * stride + 1; x < width; x++, from++)
      if (data[from] !== 0) rows[row + (x >> 3)] = (rows[row + (x >> 3)] as number) | (0x80 >> (x & 7));
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header[8] = 1; // bits; all else is zero: grey, deflate, no interlace
  const packed = await compress(rows, { level: 6 });
  const png = Buffer.concat([
    Buffer.from("\x89PNG\r\n\x1a\n", "latin1"),
    chunk("IHDR", header),
    chunk("pHYs", Buffer.alloc(9)),
    chunk("IDAT", packed),
    chunk("IEND", Buffer.alloc(0)),
  ]);
  return withDensity(png, dpi);
}

/** The PNG with one more chunk, behind its header. */
export function insertChunk(png: Uint8Array, name: string, data: Uint8Array): Uint8Array {
  return Buffer.concat([png.subarray(0, HEADER_END), chunk(name, data), png.subarray(HEADER_END)]);
}

/** Signature and IHDR. */
const HEADER_END = 33;

function chunk(name: string, data: Uint8Array): Uint8Array {
  const bytes = Buffer.alloc(data.length + 12);
  bytes.writeUInt32BE(data.length, 0);
  bytes.write(name, 4, "latin1");
  bytes.set(data, 8);
  bytes.writeUInt32BE(Bun.hash.crc32(bytes.subarray(4, data.length + 8)), data.length + 8);
  return bytes;
}

/** Writes the resolution into a PNG, over the one that libvips gives to every image; null: into one that says none. */
export function withDensity(png: Uint8Array, dpi: number | null): Uint8Array {
  const view = new DataView(png.buffer, png.byteOffset, png.byteLength);
  for (const { name, at, end } of pngChunks(png)) {
    if (name === "IDAT") break;
    if (name !== "pHYs") continue;
    if (dpi === null) return Buffer.concat([png.subarray(0, at), png.subarray(end)]);
    const metre = Math.round(dpi / 0.0254);
    view.setUint32(at + 8, metre);
    view.setUint32(at + 12, metre);
    png[at + 16] = 1; // dots a metre
    view.setUint32(end - 4, Bun.hash.crc32(png.subarray(at + 4, end - 4)));
  }
  return png;
}
