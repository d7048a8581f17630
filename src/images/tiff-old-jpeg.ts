import { isFrame, type JpegSegment, jpegSegments } from "./jpeg.ts";
import { scanProblem } from "./jpeg-scan.ts";
import { numbersOf, type TiffDirectory, type TiffFile } from "./tiff-tags.ts";

/**
 * JPEG compression of TIFF 6.0, section 22, later redefined. Pillow's libtiff supports it, libvips does not.
 */
export const OLD_JPEG = 6;

const WIDTH = 256;
const HEIGHT = 257;
const STRIP_OFFSETS = 273;
const SAMPLES = 277;
const ROWS_PER_STRIP = 278;
const STRIP_LENGTHS = 279;
const STREAM_OFFSET = 513;
const STREAM_LENGTH = 514;
const RESTART_INTERVAL = 515;
const TILE_WIDTH = 322;
const TILE_HEIGHT = 323;
const TILE_OFFSETS = 324;
const TILE_LENGTHS = 325;
const QUANTIZERS = 519;
const DC_TABLES = 520;
const AC_TABLES = 521;
const SUBSAMPLING = 530;

const MAX_STRIPS = 100_000;

/** Layout of the coded data: strips, or tiles, which libtiff reads as strips of the tile's width. */
interface Cut {
  tiled: boolean;
  /** Of the joined JPEG, in pixels. */
  width: number;
  height: number;
  rowsPerStrip: number;
}

function cutOf(file: TiffFile, page: TiffDirectory): Cut {
  const one = (tag: number) => numbersOf(file, page, tag)[0] ?? 0;
  const [width, height, tileWidth, rows] = [one(WIDTH), one(HEIGHT), one(TILE_WIDTH), one(TILE_HEIGHT)];
  if (tileWidth === 0 || rows === 0) {
    return { tiled: false, width, height, rowsPerStrip: numbersOf(file, page, ROWS_PER_STRIP)[0] ?? 8 };
  }
  return { tiled: true, width: tileWidth, height: Math.ceil(height / rows) * rows, rowsPerStrip: rows };
}

/** Whether tiles lie side by side, which libtiff cannot assemble. */
export function hasTileColumns(file: TiffFile, page: TiffDirectory): boolean {
  const { tiled, width } = cutOf(file, page);
  return tiled && width < (numbersOf(file, page, WIDTH)[0] ?? 0);
}

/** The complete JPEG of a page in old-style JPEG, or the reason why there is none. */
export function oldJpegOf(file: TiffFile, page: TiffDirectory): Uint8Array | { problem: string } {
  try {
    return assemble(file, page);
  } catch (error) {
    // A length in the JPEG points outside of it.
    if (error instanceof RangeError) return { problem: "the JPEG that it holds ends where more must come" };
    throw error;
  }
}

function assemble(file: TiffFile, page: TiffDirectory): Uint8Array | { problem: string } {
  const cut = cutOf(file, page);
  const strips = stripsOf(file, page, cut);
  if (cut.tiled && strips.length === 0) return { problem: "it names no tiles" };
  const head = headOf(file, page, cut, strips);
  if (head === undefined) return { problem: "it holds neither a JPEG nor the tables of one" };
  const problem = frameProblem(file, page, cut, head);
  if (problem !== undefined) return { problem };
  const lost = scanProblem(head.stream);
  if (lost === undefined) return head.stream;
  const joined = head.alone ? undefined : joinStrips(file, page, cut, head, strips);
  if (joined === undefined) return { problem: lost };
  const lostInStrips = scanProblem(joined);
  return lostInStrips === undefined ? joined : { problem: lostInStrips };
}

interface Head {
  /** Everything before the coded data, possibly followed by that data. */
  stream: Uint8Array;
  /** Offset of the coded data; 0 if unknown. */
  dataAt: number;
  alone: boolean;
}

function headOf(
  file: TiffFile,
  page: TiffDirectory,
  cut: Cut,
  strips: readonly Uint8Array[],
): Head | undefined {
  const at = numbersOf(file, page, STREAM_OFFSET)[0] ?? 0;
  const length = numbersOf(file, page, STREAM_LENGTH)[0] || file.bytes.length;
  const given = file.bytes.subarray(at, at + length);
  if (at > 0 && beginsJpeg(given)) return { stream: given, dataAt: dataStart(given), alone: false };
  if (strips[0] !== undefined && beginsJpeg(strips[0])) {
    const stream = strips.length === 1 ? strips[0] : Buffer.concat(strips);
    return { stream, dataAt: dataStart(stream), alone: true };
  }
  const stream = headOfTables(file, page, cut);
  return stream && { stream, dataAt: stream.length, alone: false };
}

/** Why libtiff rejects the frame for this page. */
function frameProblem(
  file: TiffFile,
  page: TiffDirectory,
  cut: Cut,
  { stream, dataAt }: Head,
): string | undefined {
  const segments = Array.from(jpegSegments(stream.subarray(0, dataAt)));
  const frame = segments.find(({ marker }) => isFrame(marker));
  if (frame === undefined) return "the JPEG that it holds has no frame header";
  if (frame.marker > 0xc1) return "the JPEG that it holds is progressive, which TIFF does not know";
  const hasTables = [0xc4, 0xdb].every((wanted) => segments.some(({ marker }) => marker === wanted));
  if (!hasTables) return "the JPEG that it holds lacks its tables";
  const view = new DataView(stream.buffer, stream.byteOffset, stream.byteLength);
  const [height, width] = [view.getUint16(frame.start + 1), view.getUint16(frame.start + 3)];
  const pageHeight = numbersOf(file, page, HEIGHT)[0] ?? 0;
  if (width === cut.width && height >= pageHeight) return undefined;
  const what = cut.tiled ? "tiles" : "page";
  return `the JPEG that it holds is of ${width}x${height} pixels, its ${what} of ${cut.width}x${pageHeight}`;
}

/** The header and the data of all strips with restart markers between, as libtiff feeds its JPEG decoder. */
function joinStrips(
  file: TiffFile,
  page: TiffDirectory,
  cut: Cut,
  { stream, dataAt }: Head,
  strips: readonly Uint8Array[],
): Uint8Array | undefined {
  if (dataAt === 0 || strips.length === 0) return undefined;
  const segments = Array.from(jpegSegments(stream.subarray(0, dataAt)));
  const parts = [stream.subarray(0, dataAt)];
  if (strips.length > 1 && !segments.some(({ marker }) => marker === 0xdd)) {
    const scanAt = (segments.at(-1)?.start ?? dataAt) - 4;
    const interval = numbersOf(file, page, RESTART_INTERVAL)[0] || unitsOfStrip(cut, stream, segments);
    const restarts = Buffer.from([0xff, 0xdd, 0, 4, (interval >> 8) & 0xff, interval & 0xff]);
    parts.splice(0, 1, stream.subarray(0, scanAt), restarts, stream.subarray(scanAt, dataAt));
  }
  strips.forEach((strip, index) => {
    if (index > 0) parts.push(Buffer.from([0xff, 0xd0 + ((index - 1) % 8)]));
    parts.push(strip);
  });
  return Buffer.concat([...parts, Buffer.from([0xff, 0xd9])]);
}

function unitsOfStrip(
  { width, rowsPerStrip }: Cut,
  stream: Uint8Array,
  segments: readonly JpegSegment[],
): number {
  const frame = segments.find(({ marker }) => isFrame(marker));
  if (frame === undefined) return 0;
  const factors = Array.from({ length: stream[frame.start + 5] ?? 0 }, (_, index) => {
    return stream[frame.start + 7 + index * 3] ?? 0x11;
  });
  const across = Math.max(1, ...factors.map((factor) => factor >> 4));
  const down = Math.max(1, ...factors.map((factor) => factor & 15));
  return Math.ceil(width / (8 * across)) * Math.ceil(rowsPerStrip / (8 * down));
}

/** Builds the JPEG header from the tables that tags point to. */
function headOfTables(file: TiffFile, page: TiffDirectory, cut: Cut): Uint8Array | undefined {
  const one = (tag: number) => numbersOf(file, page, tag)[0] ?? 0;
  const count = Math.min(one(SAMPLES), 4);
  const tables = [QUANTIZERS, DC_TABLES, AC_TABLES].map((tag) => numbersOf(file, page, tag, count));
  const [quantizers = [], dc = [], ac = []] = tables;
  if (count === 0 || tables.some((offsets) => offsets.length < count)) return undefined;
  const ids = Array.from({ length: count }, (_, id) => id);
  const [across = 2, down = 2] = numbersOf(file, page, SUBSAMPLING);
  const [width, height] = [cut.width, cut.height].map((size) => [(size >> 8) & 0xff, size & 0xff]);
  const segment = (marker: number, ...payload: number[]) => {
    const length = payload.length + 2;
    return [0xff, marker, length >> 8, length & 0xff, ...payload];
  };
  const codes = (at: number) => {
    const lengths = file.bytes.subarray(at, at + 16);
    return [
      ...lengths,
      ...file.bytes.subarray(at + 16, at + 16 + lengths.reduce((sum, some) => sum + some, 0)),
    ];
  };
  const quantizer = (at: number) => file.bytes.subarray(at, at + 64);
  const restarts = one(RESTART_INTERVAL);
  return Buffer.from([
    ...[0xff, 0xd8],
    ...ids.flatMap((id) => segment(0xdb, id, ...quantizer(quantizers[id] ?? 0))),
    ...ids.flatMap((id) => segment(0xc4, id, ...codes(dc[id] ?? 0))),
    ...ids.flatMap((id) => segment(0xc4, 0x10 | id, ...codes(ac[id] ?? 0))),
    ...(restarts > 0 ? segment(0xdd, restarts >> 8, restarts & 0xff) : []),
    ...segment(
      ...([0xc1, 8, ...(height ?? []), ...(width ?? []), count] as [number, ...number[]]),
      ...ids.flatMap((id) => [id + 1, id === 0 ? (across << 4) | down : 0x11, id]),
    ),
    ...segment(0xda, count, ...ids.flatMap((id) => [id + 1, (id << 4) | id]), 0, 63, 0),
  ]);
}

function stripsOf(file: TiffFile, page: TiffDirectory, { tiled }: Cut): Uint8Array[] {
  const lengths = numbersOf(file, page, tiled ? TILE_LENGTHS : STRIP_LENGTHS, MAX_STRIPS);
  return numbersOf(file, page, tiled ? TILE_OFFSETS : STRIP_OFFSETS, MAX_STRIPS).map((at, index) =>
    file.bytes.subarray(at, at + (lengths[index] ?? file.bytes.length)),
  );
}

function beginsJpeg(bytes: Uint8Array): boolean {
  return bytes[0] === 0xff && bytes[1] === 0xd8;
}

/** Offset of the first scan's coded data; 0 if there is no scan. */
function dataStart(stream: Uint8Array): number {
  for (const { marker, payloadEnd } of jpegSegments(stream)) if (marker === 0xda) return payloadEnd;
  return 0;
}
