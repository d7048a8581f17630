import { inflateSync } from "node:zlib";
import { damaged } from "./damage.ts";
import { latin, NO_PLACEMENT, readExif, readXmpOrientation, roundDpi, type Turn } from "./exif.ts";
import type { ImageFacts } from "./facts.ts";
import { exifProblem, MAX_TEXT_BYTES, MAX_TEXTS_BYTES } from "./readers.ts";

export interface PngChunk {
  /** Four letters; an initial capital marks a critical chunk. */
  name: string;
  /** Offset of its length. */
  at: number;
  data: Uint8Array;
  /** Offset after its checksum. */
  end: number;
}

/** The chunks of a PNG up to IEND, without a truncated one. */
export function* pngChunks(bytes: Uint8Array): Generator<PngChunk> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 8; at + 12 <= bytes.length; ) {
    const end = at + 12 + view.getUint32(at);
    if (end > bytes.length) return;
    const name = latin(bytes, at + 4, at + 8);
    yield { name, at, data: bytes.subarray(at + 8, end - 4), end };
    if (name === "IEND") return;
    at = end;
  }
}

function isWhole(bytes: Uint8Array, { at, end }: PngChunk): boolean {
  const stored = new DataView(bytes.buffer, bytes.byteOffset).getUint32(end - 4);
  return Bun.hash.crc32(bytes.subarray(at + 4, end - 4)) === stored;
}

export function inspectPng(bytes: Uint8Array): ImageFacts {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 33 || latin(bytes, 12, 16) !== "IHDR")
    throw damaged("png", "it does not begin with IHDR");
  const [storedWidth, storedHeight] = [view.getUint32(16), view.getUint32(20)];
  if (storedWidth === 0 || storedHeight === 0) throw damaged("png", "its size is zero");
  const colourType = bytes[25] ?? 0;
  const text = readTexts();
  let alpha = (colourType & 4) !== 0;
  let pages = 1;
  let dpi: Turn["dpi"] = null;
  let exif: Uint8Array | undefined;
  let profile: Uint8Array | undefined;
  let shown: Uint8Array | undefined;
  let unreadable: string | undefined;
  let inData = false;
  let framesBegun = false;
  for (const chunk of pngChunks(bytes)) {
    const { name, data } = chunk;
    // A default image outside the animation; readers count it as a page.
    if (name === "IDAT" && !inData && pages > 1 && !framesBegun) pages += 1;
    inData ||= name === "IDAT";
    framesBegun ||= name === "fcTL";
    if (!inData && !/^\w{4}$/.test(name)) unreadable ??= "a chunk's name is none";
    if (!inData && !isWhole(bytes, chunk)) unreadable ??= `the checksum of its chunk ${name} is wrong`;
    switch (name) {
      case "tRNS":
        alpha = true;
        break;
      case "acTL":
        if (!inData && data.length >= 8) pages = Math.max(1, view.getUint32(chunk.at + 8));
        break;
      case "pHYs":
        if (data.length >= 9 && data[8] === 1) dpi = roundDpi(view.getUint32(chunk.at + 8) * 0.0254);
        break;
      case "eXIf":
        exif = data;
        break;
      case "gAMA":
      case "cHRM":
        if (!isOrdinary(name, data))
          shown = Buffer.concat([shown ?? EMPTY, bytes.subarray(chunk.at + 4, chunk.end - 4)]);
        break;
      case "iCCP": {
        const packed = compressed(data, data.indexOf(0) + 1);
        if (packed.problem === undefined) profile = packed.data;
        else unreadable ??= packed.problem;
        break;
      }
      case "tEXt":
      case "zTXt":
      case "iTXt":
        unreadable ??= text.take(name, data);
        break;
    }
  }
  exif ??= text.exif();
  unreadable ??= text.problem() ?? (exif && exifProblem(exif)) ?? frameProblem(bytes, pages);
  const found = exif === undefined ? NO_PLACEMENT : readExif(exif);
  return {
    format: "png",
    storedWidth,
    storedHeight,
    pages,
    orientation: found.orientation ?? text.orientation(),
    dpi,
    bits: bytes[24] ?? 0,
    colours: colourType === 0 || colourType === 4 ? "grey" : "rgb",
    alpha,
    profile,
    shown,
    lossless: true,
    whole: bytes[28] === 1,
    unreadable,
  };
}

const EMPTY = new Uint8Array(0);
/** Gamma and primaries of sRGB, in units of 1/100,000. */
const ORDINARY: Record<string, number[]> = {
  gAMA: [45455],
  cHRM: [31270, 32900, 64000, 33000, 30000, 60000, 15000, 6000],
};

/** Whether gamma or primaries equal the defaults that readers assume. */
function isOrdinary(name: string, data: Uint8Array): boolean {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const known = ORDINARY[name] ?? [];
  return (
    data.length === known.length * 4 &&
    known.every((value, index) => Math.abs(view.getUint32(index * 4) - value) <= 20)
  );
}

/** Why an animated PNG is incomplete (libvips decodes only its first frame), or undefined. */
function frameProblem(bytes: Uint8Array, pages: number): string | undefined {
  if (pages === 1) return undefined;
  let frames = 0;
  let beforeData = true;
  for (const chunk of pngChunks(bytes)) {
    if (!isWhole(bytes, chunk)) return `the checksum of its chunk ${chunk.name} is wrong`;
    if (chunk.name === "IDAT" && beforeData) {
      beforeData = false;
      if (frames === 0) frames = 1; // a still image for readers without animation support
    } else if (chunk.name === "fcTL") frames += 1;
  }
  return frames < pages ? `it has ${frames} of its ${pages} frames` : undefined;
}

function readTexts() {
  let total = 0;
  let rawExif: string | undefined;
  let packet: Uint8Array | undefined;
  const RAW_EXIF = "Raw profile type exif";
  return {
    /** Adds a chunk; returns why Pillow would reject it. */
    take: (name: string, data: Uint8Array): string | undefined => {
      const keyEnd = data.indexOf(0);
      const key = latin(data, 0, keyEnd < 0 ? data.length : keyEnd);
      let value: Uint8Array | undefined = keyEnd < 0 ? undefined : data.subarray(keyEnd + 1);
      if (name === "iTXt" && value !== undefined) {
        const languageEnd = data.indexOf(0, keyEnd + 3);
        const start = languageEnd < 0 ? 0 : data.indexOf(0, languageEnd + 1) + 1;
        if (start === 0) return undefined;
        value = data.subarray(start);
        if (data[keyEnd + 1] === 1) {
          const packed = inflate(value);
          if (packed.problem !== undefined) return packed.problem;
          value = packed.data;
        }
      } else if (name === "zTXt") {
        const packed = compressed(data, keyEnd < 0 ? data.length : keyEnd + 1);
        if (packed.problem !== undefined) return packed.problem;
        value = packed.data;
      }
      total += value?.length ?? 0;
      if (key === RAW_EXIF && value !== undefined) rawExif = latin(value, 0, value.length);
      if (key === "XML:com.adobe.xmp" && value !== undefined) packet = value;
      return total > MAX_TEXTS_BYTES ? "its text chunks together hold more than 64 MiB" : undefined;
    },
    exif: () => {
      const digits = hexDigits(rawExif);
      return digits === undefined ? undefined : Buffer.from(digits, "hex");
    },
    problem: () =>
      rawExif !== undefined && hexDigits(rawExif) === undefined
        ? "the EXIF block in its text chunk is not hexadecimal"
        : undefined,
    orientation: () => (packet === undefined ? null : readXmpOrientation(packet)),
  };
}

/** ImageMagick writes an empty line, a name and a length, then hex digits. */
function hexDigits(text: string | undefined): string | undefined {
  const digits = text?.split("\n").slice(3).join("").replace(/\s/g, "");
  return digits !== undefined && digits.length % 2 === 0 && /^[0-9a-f]*$/i.test(digits) ? digits : undefined;
}

type Inflated = { data: Uint8Array | undefined; problem?: undefined } | { problem: string };

function compressed(data: Uint8Array, at: number): Inflated {
  if (at >= data.length) return { data: undefined };
  if (data[at] !== 0) return { problem: `a chunk is compressed by method ${data[at]}, which PNG has not` };
  return inflate(data.subarray(at + 1));
}

/** `data` is undefined if it is not a deflate stream; readers ignore it. */
function inflate(data: Uint8Array): Inflated {
  try {
    return { data: inflateSync(data, { maxOutputLength: MAX_TEXT_BYTES }) };
  } catch (error) {
    const tooLong = (error as { code?: string }).code === "ERR_BUFFER_TOO_LARGE";
    return tooLong
      ? { problem: "a compressed text or profile in it holds more than 1 MiB" }
      : { data: undefined };
  }
}

const CRITICAL = new Set(["IHDR", "PLTE", "IDAT", "IEND"]);

/**
 * The PNG in a form that strict decoders accept: without unknown critical chunks, and with correct chunk
 * checksums on the image data, which has a checksum of its own. Returns undefined if nothing needs repair.
 */
export function mendPng(bytes: Uint8Array): Uint8Array | undefined {
  const parts = [bytes.subarray(0, 8)];
  let mended = false;
  for (const chunk of pngChunks(bytes)) {
    const { name, at, end } = chunk;
    const unknown = /^[A-Z]/.test(name) && !CRITICAL.has(name);
    if (unknown) {
      mended = true;
      continue;
    }
    const whole = isWhole(bytes, chunk);
    if (whole || !CRITICAL.has(name)) parts.push(bytes.subarray(at, end));
    else {
      const sum = Buffer.alloc(4);
      sum.writeUInt32BE(Bun.hash.crc32(bytes.subarray(at + 4, end - 4)));
      parts.push(bytes.subarray(at, end - 4), sum);
      mended = true;
    }
  }
  return mended ? Buffer.concat(parts) : undefined;
}
