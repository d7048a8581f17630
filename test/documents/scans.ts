/** Pictures of pages, and the forms in which PDFs hold them. */
import { deflateSync } from "node:zlib";
import { loadSharp } from "../../src/images/sharp.ts";
import { numbersOf, openTiff, readDirectory } from "../../src/images/tiff-tags.ts";
import type { PdfStream } from "./write-pdf.ts";

export const WIDTH = 1400;
export const HEIGHT = 1980;

/** Lines of writing, about: black bars on white that are the same nowhere. Grey, or in colours. */
export function scanSamples(channels: 1 | 3): Buffer {
  const samples = Buffer.alloc(WIDTH * HEIGHT * channels, 255);
  let state = 1;
  for (let line = 40; line < HEIGHT - 40; line += 24)
    for (let x = 40; x < WIDTH - 40; x++) {
      state = (state * 1103515245 + 12345) % 2 ** 31;
      if (x % 12 < 4 || (state >> 16) % 5 === 0) continue;
      for (let y = line; y < line + 14; y++)
        for (let channel = 0; channel < channels; channel++)
          samples[(y * WIDTH + x) * channels + channel] = channel === 1 ? 90 : 10;
    }
  return samples;
}

async function picture(channels: 1 | 3) {
  const sharp = await loadSharp();
  const image = sharp(scanSamples(channels), { raw: { width: WIDTH, height: HEIGHT, channels } });
  return image.toColourspace(channels === 1 ? "b-w" : "srgb");
}

export async function scanJpeg(channels: 1 | 3, orientation?: number): Promise<Buffer> {
  const image = await picture(channels);
  return (orientation ? image.withMetadata({ orientation }) : image).jpeg({ quality: 90 }).toBuffer();
}

export async function scanCmykJpeg(): Promise<Buffer> {
  return (await picture(3)).toColourspace("cmyk").jpeg({ quality: 90 }).toBuffer();
}

/** What libvips writes as one strip. */
export const STRIP_HEIGHT = 128;

/** T.6 data of the picture's upper part, black where it is dark: 0 bits are white. */
export async function scanG4(): Promise<Uint8Array> {
  const tiff = await (await picture(1))
    .extract({ left: 0, top: 0, width: WIDTH, height: STRIP_HEIGHT })
    .threshold(128)
    .toColourspace("b-w")
    .tiff({ compression: "ccittfax4", bitdepth: 1 })
    .toBuffer();
  const file = openTiff(tiff);
  const directory = file && readDirectory(file, file.first);
  if (file === undefined || directory === undefined) throw new Error("no TIFF");
  const [offset = 0, more] = numbersOf(file, directory, 273);
  const [length = 0] = numbersOf(file, directory, 279);
  if (more !== undefined) throw new Error("more than one strip");
  return tiff.subarray(offset, offset + length);
}

/** An image object; `entries` over those that its data needs. */
export function imageObject(data: Uint8Array, filter: string, entries = "", height = HEIGHT): PdfStream {
  const size = `/Width ${WIDTH}/Height ${height}`;
  return { dictionary: `/Type/XObject/Subtype/Image${size}/Filter${filter}${entries}`, data };
}

export const GREY = "/ColorSpace/DeviceGray/BitsPerComponent 8";
export const RGB = "/ColorSpace/DeviceRGB/BitsPerComponent 8";
export const BILEVEL = "/ColorSpace/DeviceGray/BitsPerComponent 1";

export function flate(data: Uint8Array): Uint8Array {
  return deflateSync(data);
}

/** One bit a sample, 1 where it is light. */
export function scanBits(): Uint8Array {
  const stride = Math.ceil(WIDTH / 8);
  const bits = new Uint8Array(stride * HEIGHT);
  for (const [index, sample] of scanSamples(1).entries()) {
    const at = Math.floor(index / WIDTH) * stride + ((index % WIDTH) >> 3);
    if (sample > 127) bits[at] = (bits[at] as number) | (0x80 >> ((index % WIDTH) & 7));
  }
  return bits;
}
