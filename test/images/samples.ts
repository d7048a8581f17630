import sharp, { type Sharp } from "sharp";

/** Grain, which PNG cannot make small; another `seed` shows other pixels. */
export function pixels(width = 64, height = 48, seed = 1): Buffer {
  const data = Buffer.alloc(width * height * 3);
  for (let at = 0; at < data.length; at++) data[at] = Number(Bun.hash.xxHash32(`${seed}:${at}`) & 0xff);
  return data;
}

export function picture(width = 64, height = 48, seed = 1): Sharp {
  return sharp(pixels(width, height, seed), { raw: { width, height, channels: 3 } });
}

/** A 24-bit BMP, rows from the bottom, as BITMAPINFOHEADER asks for. */
export function bmp(width: number, height: number, rgb: Buffer): Buffer {
  const rowBytes = Math.ceil((width * 3) / 4) * 4;
  const file = Buffer.alloc(54 + rowBytes * height);
  file.write("BM");
  file.writeUInt32LE(file.length, 2);
  file.writeUInt32LE(54, 10);
  file.writeUInt32LE(40, 14);
  file.writeInt32LE(width, 18);
  file.writeInt32LE(height, 22);
  file.writeUInt16LE(1, 26);
  file.writeUInt16LE(24, 28);
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      const from = (row * width + column) * 3;
      const to = 54 + (height - 1 - row) * rowBytes + column * 3;
      file[to] = rgb[from + 2] ?? 0;
      file[to + 1] = rgb[from + 1] ?? 0;
      file[to + 2] = rgb[from] ?? 0;
    }
  }
  return file;
}
