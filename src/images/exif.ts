import { numbersOf, openTiff, readDirectory, type TiffDirectory, type TiffFile } from "./tiff-tags.ts";

export const ORIENTATION = 274;
const X_RESOLUTION = 282;
const RESOLUTION_UNIT = 296;

/** Byte and text types; readers ignore an orientation of these types. */
const BYTE_TYPES = [1, 2, 7];

/** Display metadata of an image; null where not specified. */
export interface Turn {
  /** EXIF orientation, 1 to 8. */
  orientation: number | null;
  /** Horizontal dots per inch. */
  dpi: number | null;
}

export const NO_PLACEMENT: Turn = { orientation: null, dpi: null };

/** Orientation and resolution from an EXIF block, with or without the leading `Exif\0\0`. */
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

/** Rounds to hundredths, so that 11,811 dots per metre give 300 dpi. */
export function roundDpi(dpi: number): number | null {
  return Number.isFinite(dpi) && dpi > 0 ? Math.round(dpi * 100) / 100 : null;
}

/** `tiff:Orientation` of an XMP packet, which readers use if EXIF has none. */
export function readXmpOrientation(packet: Uint8Array): number | null {
  const found = /tiff:Orientation(="|>)([0-9])/.exec(latin(packet, 0, packet.length));
  return found === null ? null : validOrientation(Number(found[2]));
}

export function latin(bytes: Uint8Array, from: number, to: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1", from, to);
}
