import { latin, ORIENTATION } from "../../images/exif.ts";
import { inspectJpeg, jpegSegments } from "../../images/jpeg.ts";
import { openTiff, readDirectory } from "../../images/tiff-tags.ts";

const APP0 = 0xe0;
const APP1 = 0xe1;
const SHORT = 3;

/**
 * The JPEG with this orientation in its EXIF block, its image data as it was: the same bytes where it says so already. A
 * PDF shows an image as it is stored, whatever EXIF says.
 */
export function turnJpeg(jpeg: Uint8Array, orientation: number): Uint8Array {
  if ((inspectJpeg(jpeg).orientation ?? 1) === orientation) return jpeg;
  const blocks = exifBlocks(jpeg);
  const [first] = blocks;
  if (first !== undefined && blocks.length === 1) {
    const turned = new Uint8Array(jpeg);
    if (overwrite(turned.subarray(first.start + 6, first.end), orientation)) return turned;
  }
  // Without a place for it: a block with nothing else goes in front, in the place of what was there.
  const parts: Uint8Array[] = [];
  let from = 0;
  const behind = headEnd(jpeg);
  const cut = (to: number) => parts.push(jpeg.subarray(from, to));
  cut(behind);
  from = behind;
  parts.push(exifOf(orientation));
  for (const { at, end } of blocks) {
    cut(at);
    from = end;
  }
  cut(jpeg.length);
  return Buffer.concat(parts);
}

/** SOI, and JFIF's segment, which wants to be the first. */
function headEnd(jpeg: Uint8Array): number {
  for (const { marker, end } of jpegSegments(jpeg)) return marker === APP0 ? end : 2;
  return 2;
}

function exifBlocks(jpeg: Uint8Array): { at: number; start: number; end: number }[] {
  return Array.from(jpegSegments(jpeg))
    .filter(({ marker, start }) => marker === APP1 && latin(jpeg, start, start + 6) === "Exif\0\0")
    .map(({ start, payloadEnd }) => ({ at: start - 4, start, end: payloadEnd }));
}

function overwrite(block: Uint8Array, orientation: number): boolean {
  const file = openTiff(block);
  const field = file && readDirectory(file, file.first)?.fields.get(ORIENTATION);
  if (file === undefined || field?.type !== SHORT || field.count !== 1) return false;
  file.view.setUint16(field.at, orientation, file.little);
  return true;
}

function exifOf(orientation: number): Uint8Array {
  const segment = Buffer.alloc(36);
  segment.writeUInt16BE(0xff00 | APP1, 0);
  segment.writeUInt16BE(34, 2);
  segment.write("Exif\0\0II*\0", 4, "latin1");
  segment.writeUInt32LE(8, 14);
  segment.writeUInt16LE(1, 18);
  segment.writeUInt16LE(ORIENTATION, 20);
  segment.writeUInt16LE(SHORT, 22);
  segment.writeUInt32LE(1, 24);
  segment.writeUInt16LE(orientation, 28);
  return segment;
}
