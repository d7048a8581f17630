import { numbersOf, openTiff, readDirectory, type TiffDirectory, type TiffFile } from "./tiff-tags.ts";

export const ORIENTATION = 274;
const X_RESOLUTION = 282;
const RESOLUTION_UNIT = 296;

/** Types of bytes and text, in which readers take no orientation. */
const BYTE_TYPES = [1, 2, 7];

/** What an image says of how it is to be seen: null where it says nothing. */
export interface Turn {
  /** 1 to 8, as EXIF numbers them. */
  orientation: number | null;
  /** Dots an inch, across. */
  dpi: number | null;
}

export const NO_PLACEMENT: Turn = { orientation: null, dpi: null };

/** Orientation and resolution in an EXIF block, with or without `Exif\0\0` before it. */
export function readExif(block: Uint8Array): Turn {
  let start = 0;
  while (latin(block, start, start + 6) === "Exif\0\0") start += 6;
  const file = openTiff(block.subarray(start));
  const directory = file && readDirectory(file, file.first);
  return file && directory ? placementOf(file, directory) : NO_PLACEMENT;
}

export function placementOf(file: TiffFile, directory: TiffDirectory): Turn {
  const isNumber = !BYTE_TYPES.includes(directory.fields.get(ORIENTATION)?.type ?? 0);
  const [orientation] = isNumber ? numbersOf(file, directory, ORIENTATION) : [];
  const [resolution] = numbersOf(file, directory, X_RESOLUTION);
  const [unit = 2] = numbersOf(file, directory, RESOLUTION_UNIT);
  const perInch = unit === 2 ? 1 : unit === 3 ? 2.54 : undefined;
  return {
    orientation: validOrientation(orientation),
    dpi: perInch === undefined || resolution === undefined ? null : roundDpi(resolution * perInch),
  };
}

export function validOrientation(value: number | undefined): number | null {
  return value !== undefined && Number.isInteger(value) && value >= 1 && value <= 8 ? value : null;
}

/** To a hundredth: 11,811 dots a metre are 300 an inch. */
export function roundDpi(dpi: number): number | null {
  return Number.isFinite(dpi) && dpi > 0 ? Math.round(dpi * 100) / 100 : null;
}

/** `tiff:Orientation` in an XMP packet, which readers take where EXIF says nothing. */
export function readXmpOrientation(packet: Uint8Array): number | null {
  const found = /tiff:Orientation(="|>)([0-9])/.exec(latin(packet, 0, packet.length));
  return found === null ? null : validOrientation(Number(found[2]));
}

export function latin(bytes: Uint8Array, from: number, to: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1", from, to);
}
