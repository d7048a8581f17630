import { damaged } from "./damage.ts";
import { latin, NO_PLACEMENT, readExif, readXmpOrientation, roundDpi, type Turn } from "./exif.ts";
import type { ImageFacts } from "./facts.ts";
import { exifProblem } from "./readers.ts";
import { numbersOf, openTiff, readDirectory } from "./tiff-tags.ts";

const SOI = 0xd8;
const EOI = 0xd9;
const SOS = 0xda;
const APP0 = 0xe0;
const APP1 = 0xe1;
const APP2 = 0xe2;
const APP14 = 0xee;
const APP15 = 0xef;
const COMMENT = 0xfe;

/** A segment of a JPEG (ITU-T T.81, B.1.1). A scan's `end` includes its coded data. */
export interface JpegSegment {
  marker: number;
  /** Start of the payload, after marker and length. */
  start: number;
  payloadEnd: number;
  end: number;
}

/** Segments in order up to the end of the image; bytes between them are skipped, as decoders do. */
export function* jpegSegments(bytes: Uint8Array): Generator<JpegSegment> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 2; ; ) {
    at = bytes.indexOf(0xff, at);
    while (at >= 0 && bytes[at + 1] === 0xff) at++;
    const marker = bytes[at + 1];
    if (at < 0 || marker === undefined || marker === EOI) return;
    at += 2;
    if (marker <= 0x01 || (marker >= 0xd0 && marker <= SOI)) continue;
    if (at + 2 > bytes.length) return;
    const payloadEnd = Math.min(bytes.length, at + Math.max(2, view.getUint16(at)));
    const end = marker === SOS ? endOfScan(bytes, payloadEnd) : payloadEnd;
    yield { marker, start: at + 2, payloadEnd, end };
    at = end;
  }
}

/** Offset of the next marker that is not a restart marker. */
function endOfScan(bytes: Uint8Array, from: number): number {
  for (let at = bytes.indexOf(0xff, from); at >= 0; at = bytes.indexOf(0xff, at + 1)) {
    const next = bytes[at + 1];
    if (next === undefined) break;
    if (next !== 0 && next !== 0xff && (next < 0xd0 || next > 0xd7)) return at;
  }
  return bytes.length;
}

export function isFrame(marker: number): boolean {
  return marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;
}

export function inspectJpeg(bytes: Uint8Array): ImageFacts {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let frame: { bits: number; height: number; width: number; components: number; marker: number } | undefined;
  let jfif: Turn["dpi"] = null;
  const exif: Uint8Array[] = [];
  const profiles: Uint8Array[] = [];
  let xmp: number | null = null;
  let images = 1;
  let gainMap = false;
  let several = false;
  for (const { marker, start, payloadEnd } of jpegSegments(bytes)) {
    const payload = bytes.subarray(start, payloadEnd);
    const name = (length: number) => latin(payload, 0, length);
    if (isFrame(marker) && frame === undefined && payload.length >= 6) {
      const [height, width] = [view.getUint16(start + 1), view.getUint16(start + 3)];
      frame = { bits: payload[0] ?? 0, height, width, components: payload[5] ?? 0, marker };
    } else if (marker === APP0 && name(4) === "JFIF" && payload.length >= 12) {
      const perInch = [undefined, 1, 2.54][payload[7] ?? 0];
      if (perInch !== undefined) jfif = roundDpi(view.getUint16(start + 8) * perInch);
    } else if (marker === APP1 && name(6) === "Exif\0\0") {
      exif.push(exif.length === 0 ? payload : payload.subarray(6));
    } else if (marker === APP1 && name(29) === "http://ns.adobe.com/xap/1.0/\0") {
      xmp = readXmpOrientation(payload);
      gainMap ||= latin(payload, 0, payload.length).includes(' hdrgm:Version="');
    } else if (marker === APP2 && name(12) === "ICC_PROFILE\0") {
      profiles[(payload[12] ?? 1) - 1] = payload.subarray(14);
    } else if (marker === APP2 && name(4) === "MPF\0") {
      several = true;
      images = countPictures(payload.subarray(4));
    }
    if (marker === SOS) break;
  }
  if (frame === undefined) throw damaged("jpeg", "it has no frame header");
  if (frame.width === 0 || frame.height === 0) throw damaged("jpeg", "its size is zero");
  const block = Buffer.concat(exif);
  const found = block.length === 0 ? NO_PLACEMENT : readExif(block);
  return {
    format: "jpeg",
    storedWidth: frame.width,
    storedHeight: frame.height,
    pages: gainMap ? 1 : images,
    orientation: found.orientation ?? xmp,
    dpi: jfif ?? found.dpi,
    bits: frame.bits,
    colours: frame.components === 1 ? "grey" : frame.components === 3 ? "rgb" : "other",
    alpha: false,
    profile: profiles.length === 0 ? undefined : Buffer.concat(profiles.filter((part) => part !== undefined)),
    lossless: false,
    whole: frame.marker !== 0xc0 && frame.marker !== 0xc1,
    ownBytes: several,
    // Pillow reads the resolution from EXIF if JFIF has none, and then tolerates bad EXIF.
    unreadable: jfif === null || block.length === 0 ? undefined : exifProblem(block),
  };
}

/** Number of pictures in a multi-picture file (CIPA DC-007). */
function countPictures(block: Uint8Array): number {
  const file = openTiff(block);
  const directory = file && readDirectory(file, file.first);
  return (file && directory && numbersOf(file, directory, 0xb001)[0]) || 1;
}

/**
 * The parts of a JPEG that determine its pixels: frame, tables, scans, and the segments that select the
 * colour space (JFIF, Adobe). Skips metadata, comments and trailing data.
 */
export function* codedParts(bytes: Uint8Array): Generator<Uint8Array> {
  for (const { marker, start, payloadEnd, end } of jpegSegments(bytes)) {
    const payload = bytes.subarray(start, payloadEnd);
    if (marker === APP0 && latin(payload, 0, 5) === "JFIF\0") yield JFIF_MARK;
    else if (marker === APP14 && latin(payload, 0, 5) === "Adobe") yield payload;
    else if ((marker < APP0 || marker > APP15) && marker !== COMMENT) yield bytes.subarray(start - 4, end);
  }
}

const JFIF_MARK = new TextEncoder().encode("JFIF");

/**
 * Sets resolution and profile in the JFIF and ICC segments. Writes in place if there is room, as in libvips
 * output: a copy costs as much as hashing.
 */
export function describeJpeg(
  jpeg: Uint8Array,
  { dpi, profile }: Pick<ImageFacts, "dpi" | "profile">,
): Uint8Array {
  const dots = Math.round(dpi ?? 0);
  const known = dots >= 1 && dots <= 65535;
  const density = known ? dots : 1;
  const jfif = Buffer.from([0x4a, 0x46, 0x49, 0x46, 0, 1, 1, known ? 1 : 0, 0, 0, 0, 0, 0, 0]);
  jfif.writeUInt16BE(density, 8);
  jfif.writeUInt16BE(density, 10);
  const head = [segment(APP0, jfif)];
  const size = 65_519; // segment capacity without its length and the profile's name
  const count = Math.ceil((profile?.length ?? 0) / size);
  for (let part = 0; part < count; part++) {
    const name = Buffer.from([...Buffer.from("ICC_PROFILE\0"), part + 1, count]);
    const body = profile?.subarray(part * size, (part + 1) * size) ?? new Uint8Array(0);
    head.push(segment(APP2, Buffer.concat([name, body])));
  }
  const described = Buffer.concat(head);
  let at = 2;
  for (const { marker, start, end } of jpegSegments(jpeg)) {
    if (marker !== APP0) break;
    at = end;
    if (start > end) break;
  }
  if (at === 2 + described.length) {
    jpeg.set(described, 2);
    return jpeg;
  }
  return Buffer.concat([jpeg.subarray(0, 2), described, jpeg.subarray(at)]);
}

function segment(marker: number, payload: Uint8Array): Uint8Array {
  const head = Buffer.from([0xff, marker, 0, 0]);
  head.writeUInt16BE(payload.length + 2, 2);
  return Buffer.concat([head, payload]);
}
