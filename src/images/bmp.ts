import { damaged } from "./damage.ts";
import { roundDpi } from "./exif.ts";
import type { ImageFacts } from "./facts.ts";
import type { Pixels } from "./pixels.ts";

type Palette = readonly (readonly [number, number, number])[];

/** Header of a BMP, checked as Pillow checks it, so that every stored file can be opened. */
interface BmpHead {
  width: number;
  height: number;
  topDown: boolean;
  bits: number;
  /** 0: none, 1: RLE8, 2: RLE4. */
  packing: 0 | 1 | 2;
  masks: readonly [red: number, green: number, blue: number, alpha: number];
  palette: Palette;
  dataStart: number;
  dpi: number | null;
}

const HEADER_SIZES = [12, 40, 52, 56, 64, 108, 124];
const PLAIN_MASKS: Record<number, BmpHead["masks"]> = {
  16: [0x7c00, 0x3e0, 0x1f, 0],
  24: [0xff0000, 0xff00, 0xff, 0],
  32: [0xff0000, 0xff00, 0xff, 0],
};
/** Bit masks that readers support: red, green, blue, alpha. */
const MASKS: Record<number, BmpHead["masks"][]> = {
  16: [
    [0xf800, 0x7e0, 0x1f, 0],
    [0x7c00, 0x3e0, 0x1f, 0],
  ],
  24: [[0xff0000, 0xff00, 0xff, 0]],
  32: [
    [0xff0000, 0xff00, 0xff, 0],
    [0xff000000, 0xff0000, 0xff00, 0],
    [0xff000000, 0xff00, 0xff, 0],
    [0xff000000, 0xff0000, 0xff00, 0xff],
    [0xff, 0xff00, 0xff0000, 0xff000000],
    [0xff0000, 0xff00, 0xff, 0xff000000],
    [0xff000000, 0xff00, 0xff, 0xff0000],
  ],
};

export function inspectBmp(bytes: Uint8Array): ImageFacts {
  const { width, height, masks, dpi } = readHead(bytes);
  return {
    format: "bmp",
    storedWidth: width,
    storedHeight: height,
    pages: 1,
    orientation: null,
    dpi,
    bits: 8,
    colours: "rgb",
    alpha: masks[3] !== 0,
    profile: undefined,
    lossless: true,
    whole: true,
  };
}

/**
 * Decodes a BMP to RGB, or RGBA if its masks have alpha: 1, 4, 8, 16, 24 and 32 bits, bit masks, RLE4 and
 * RLE8, OS/2 headers, either row order ([MS-WMF] 2.2.2). The libvips build has no BMP loader. Returns
 * undefined if a pixel refers to a colour outside the palette, because readers disagree about it.
 */
export function decodeBmp(bytes: Uint8Array): Pixels | undefined {
  const head = readHead(bytes);
  const { width, height, masks, bits } = head;
  const channels = masks[3] === 0 ? 3 : 4;
  const data = new Uint8Array(width * height * channels);
  if (bits > 8) copySamples(data, bytes, head, channels);
  else {
    const found = head.packing === 0 ? indexes(bytes, head) : unpack(bytes, head);
    if (!copyIndexes(data, found, head)) return undefined;
  }
  return { data, width, height, channels, depth: "uchar" };
}

function readHead(bytes: Uint8Array): BmpHead {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.byteLength < 26) throw bad("it ends in its header");
  const headerSize = view.getUint32(14, true);
  if (!HEADER_SIZES.includes(headerSize)) throw bad(`its header of ${headerSize} bytes is none of BMP's`);
  if (bytes.byteLength < 14 + headerSize) throw bad("it ends in its header");
  const old = headerSize === 12;
  const width = old ? view.getUint16(18, true) : view.getInt32(18, true);
  const signedHeight = old ? view.getUint16(20, true) : view.getInt32(22, true);
  const bits = view.getUint16(old ? 24 : 28, true);
  const compression = old ? 0 : view.getUint32(30, true);
  const height = Math.abs(signedHeight);
  if (width <= 0 || height === 0) throw bad("its size is zero or less");
  if (![1, 4, 8, 16, 24, 32].includes(bits)) throw bad(`BMP has no ${bits} bits a pixel`);
  const rle = (compression === 1 && bits === 8) || (compression === 2 && bits === 4);
  if (compression !== 0 && compression !== 3 && !rle)
    throw bad(`its compression (${compression}) is not read`);
  const masks = compression === 3 ? readMasks(view, headerSize, bits) : (PLAIN_MASKS[bits] ?? [0, 0, 0, 0]);

  const stored = view.getUint32(10, true);
  const entrySize = old ? 3 : 4;
  const used = old ? 0 : view.getUint32(46, true);
  const colours = used === 0 ? 1 << bits : used;
  const paletteStart = 14 + headerSize;
  if (bits <= 8 && colours > 65536) throw bad(`its palette of ${colours} colours is too large`);
  const dataStart = stored === paletteStart && bits <= 8 ? stored + entrySize * colours : stored;
  return {
    width,
    height,
    topDown: signedHeight < 0,
    bits,
    packing: rle ? (compression as 1 | 2) : 0,
    masks,
    palette: bits <= 8 ? readPalette(bytes, paletteStart, colours, entrySize) : [],
    dataStart,
    dpi: old ? null : roundDpi(view.getUint32(38, true) / 39.3701),
  };
}

function readMasks(view: DataView, headerSize: number, bits: number): BmpHead["masks"] {
  const at = (index: number) =>
    54 + index * 4 + 4 <= view.byteLength ? view.getUint32(54 + index * 4, true) : 0;
  const found = [at(0), at(1), at(2), headerSize >= 56 && bits === 32 ? at(3) : 0];
  const known = MASKS[bits]?.find((masks) => masks.every((mask, index) => mask === found[index]));
  if (known === undefined) throw bad("its bit masks are none that readers know");
  return known;
}

function readPalette(bytes: Uint8Array, start: number, count: number, entrySize: number): Palette {
  return Array.from({ length: count }, (_, index) => {
    const at = start + index * entrySize;
    return [bytes[at + 2] ?? 0, bytes[at + 1] ?? 0, bytes[at] ?? 0] as const;
  });
}

function rowStart(head: BmpHead, row: number, rowBytes: number): number {
  return head.dataStart + rowBytes * (head.topDown ? row : head.height - 1 - row);
}

function rowBytesOf(bytes: Uint8Array, { width, height, bits, dataStart }: BmpHead): number {
  const rowBytes = Math.ceil((width * bits) / 32) * 4;
  if (dataStart + rowBytes * height > bytes.byteLength) throw bad("it ends before its last row");
  return rowBytes;
}

/** One byte each, top row first. */
function indexes(bytes: Uint8Array, head: BmpHead): Uint8Array {
  const { width, height, bits } = head;
  const rowBytes = rowBytesOf(bytes, head);
  const found = new Uint8Array(width * height);
  const mask = (1 << bits) - 1;
  for (let row = 0; row < height; row++) {
    const from = rowStart(head, row, rowBytes);
    for (let column = 0; column < width; column++) {
      const bit = column * bits;
      found[row * width + column] = ((bytes[from + (bit >> 3)] ?? 0) >> (8 - bits - (bit & 7))) & mask;
    }
  }
  return found;
}

/** Run lengths ([MS-WMF] 3.1.6): count and value, or an escape: end of line, end, move, literals. */
function unpack(bytes: Uint8Array, head: BmpHead): Uint8Array {
  const { width, height, packing, topDown } = head;
  const found = new Uint8Array(width * height);
  const four = packing === 2;
  let [at, column, row, ended] = [head.dataStart, 0, 0, false];
  const put = (value: number) => {
    if (column < width && row < height) found[(topDown ? row : height - 1 - row) * width + column] = value;
    column += 1;
  };
  const half = (value: number, index: number) => (!four ? value : index % 2 === 0 ? value >> 4 : value & 15);
  while (!ended && row < height && at + 1 < bytes.length) {
    const [count = 0, value = 0] = bytes.subarray(at, at + 2);
    at += 2;
    if (count > 0) for (let index = 0; index < count; index++) put(half(value, index));
    else if (value === 0) [column, row] = [0, row + 1];
    else if (value === 1) ended = true;
    else if (value === 2) throw bad("its run lengths leave pixels out, which readers do not agree about");
    else {
      const size = four ? Math.ceil(value / 2) : value;
      for (let index = 0; index < value; index++)
        put(half(bytes[at + (four ? index >> 1 : index)] ?? 0, index));
      at += size + (size % 2);
    }
  }
  if (row < height - 1 || (row === height - 1 && column < width)) throw bad("it ends before its last row");
  return found;
}

function copyIndexes(data: Uint8Array, found: Uint8Array, { palette }: BmpHead): boolean {
  for (let pixel = 0; pixel < found.length; pixel++) {
    const colour = palette[found[pixel] ?? 0];
    if (colour === undefined) return false;
    data.set(colour, pixel * 3);
  }
  return true;
}

function copySamples(data: Uint8Array, bytes: Uint8Array, head: BmpHead, channels: number): void {
  const { width, height, bits, masks } = head;
  const rowBytes = rowBytesOf(bytes, head);
  const size = bits / 8;
  const parts = masks.slice(0, channels).map((mask) => {
    const shift = 31 - Math.clz32(mask & -mask);
    return { shift, most: mask >>> shift };
  });
  for (let row = 0; row < height; row++) {
    const from = rowStart(head, row, rowBytes);
    for (let column = 0; column < width; column++) {
      const at = from + column * size;
      let packed = 0;
      for (let byte = size - 1; byte >= 0; byte--) packed = packed * 256 + (bytes[at + byte] ?? 0);
      const to = (row * width + column) * channels;
      for (const [channel, { shift, most }] of parts.entries()) {
        const value = (packed >>> shift) & most;
        data[to + channel] = most === 255 ? value : Math.trunc((value * 255) / most);
      }
    }
  }
}

function bad(what: string) {
  return damaged("bmp", what);
}
