import { AppError } from "../errors.ts";
import type { Pixels } from "./pixels.ts";

/**
 * Decodes a BMP to RGB: 1, 4 and 8 bits with a palette, 24 and 32 bits, uncompressed, either row order
 * (BITMAPINFOHEADER, [MS-WMF] 2.2.2.3). libvips as it is shipped has no loader for it. Throws `invalid_input`.
 */
export function decodeBmp(bytes: Uint8Array, maxPixels: number): Pixels {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.byteLength < 54) throw damaged("it ends in its header");
  const dataStart = view.getUint32(10, true);
  const headerSize = view.getUint32(14, true);
  const width = view.getInt32(18, true);
  const signedHeight = view.getInt32(22, true);
  const bits = view.getUint16(28, true);
  const compression = view.getUint32(30, true);
  const height = Math.abs(signedHeight);
  const masked = compression === 3 && bits === 32;
  if (headerSize < 40 || width <= 0 || height === 0) throw damaged("its header is not of the kind read here");
  if (compression !== 0 && !masked) throw damaged("compressed BMP is not read here; convert it to PNG");
  if (![1, 4, 8, 24, 32].includes(bits))
    throw damaged(`${bits} bits a pixel are not read here; convert it to PNG`);
  if (width * height > maxPixels) throw tooManyPixels(width * height, maxPixels);

  const rowBytes = Math.ceil((width * bits) / 32) * 4;
  if (dataStart + rowBytes * height > bytes.byteLength) throw damaged("it ends before its last row");
  const palette =
    bits <= 8 ? readPalette(view, 14 + headerSize, view.getUint32(46, true) || 1 << bits, dataStart) : [];
  const data = new Uint8Array(width * height * 3);
  for (let row = 0; row < height; row++) {
    const from = dataStart + rowBytes * (signedHeight > 0 ? height - 1 - row : row);
    for (let column = 0; column < width; column++) {
      const to = (row * width + column) * 3;
      if (bits >= 24) {
        const at = from + column * (bits / 8);
        data[to] = bytes[at + 2] ?? 0;
        data[to + 1] = bytes[at + 1] ?? 0;
        data[to + 2] = bytes[at] ?? 0;
      } else {
        const bit = column * bits;
        const packed = bytes[from + (bit >> 3)] ?? 0;
        const index = (packed >> (8 - bits - (bit & 7))) & ((1 << bits) - 1);
        const color = palette[index];
        if (color === undefined) throw damaged("a pixel names a colour that its palette lacks");
        data.set(color, to);
      }
    }
  }
  return { data, width, height, channels: 3, depth: "uchar" };
}

function readPalette(view: DataView, start: number, count: number, end: number): [number, number, number][] {
  const colors: [number, number, number][] = [];
  for (let at = start; colors.length < count && at + 4 <= end && at + 4 <= view.byteLength; at += 4) {
    colors.push([view.getUint8(at + 2), view.getUint8(at + 1), view.getUint8(at)]);
  }
  return colors;
}

function damaged(what: string): AppError {
  return new AppError("invalid_input", `damaged or unusual BMP: ${what}`);
}

export function tooManyPixels(pixels: number, limit: number): AppError {
  const millions = (count: number) => Math.round(count / 1e6);
  return new AppError(
    "invalid_input",
    `image of ${millions(pixels)} megapixels is above the limit of ${millions(limit)} (images.max_pixels)`,
  );
}
