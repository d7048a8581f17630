import type { Sharp, SharpOptions } from "sharp";
import { inspectAvif } from "./avif.ts";
import { decodeBmp } from "./bmp.ts";
import { damaged } from "./damage.ts";
import { decodedSize, type ImageFacts } from "./facts.ts";
import { scanProblem } from "./jpeg-scan.ts";
import { type Pixels, toEightBits } from "./pixels.ts";
import { mendPng } from "./png.ts";
import { imageProblem, loadSharp, type SharpModule } from "./sharp.ts";
import { mendTiff, splitOldJpegs } from "./tiff.ts";
import { pagesAlone } from "./tiff-alone.ts";

/** Approximate ratio of an image's sides to those of its preview. */
const PREVIEW_SHRINK = 9;
/** Of a TIFF, above which a copy of it costs less than to find each page from the first. */
const MANY_PAGES = 50;

/**
 * Reads all coded data of every page; returns a small picture, or all samples, of the first page. A JPEG is
 * decoded at one eighth, which reads every bit without computing every pixel. Throws on any warning.
 */
export async function checkImage(bytes: Uint8Array, facts: ImageFacts): Promise<Pixels | undefined> {
  if (facts.format === "bmp") return decodeBmp(bytes);
  return readPages(decodable(bytes, facts), facts, strictness(facts));
}

/**
 * Checks an image again after a decoder warning and accepts it if no pixel is affected. Throws
 * `invalid_input` with the reason. Run it while nothing else decodes: libvips has one error log per process.
 */
export async function recheckImage(bytes: Uint8Array, facts: ImageFacts): Promise<Pixels> {
  try {
    const preview = await readPages(mend(decodable(bytes, facts), facts), facts, "error");
    const lost = facts.format === "jpeg" ? scanProblem(bytes) : undefined;
    if (lost === undefined) return preview;
    throw damaged("jpeg", lost);
  } catch (error) {
    throw imageProblem(facts.format, error);
  }
}

/**
 * Stored samples of the first page: not rotated, no colour management, 8 or 16 bits. Returns undefined if
 * readers disagree about them; throws on any decoder warning.
 */
export async function decodePixels(bytes: Uint8Array, facts: ImageFacts): Promise<Pixels | undefined> {
  if (facts.format === "bmp") return decodeBmp(bytes);
  const depth = facts.bits > 8 ? "ushort" : "uchar";
  const space = depth === "ushort" ? ["grey16", "rgb16"] : ["b-w", "srgb"];
  const sharp = await loadSharp();
  const image = open(sharp, decodable(bytes, facts), { failOn: strictness(facts) });
  const plain = image.toColourspace(space[facts.colours === "grey" ? 0 : 1] ?? "srgb");
  const { data, info } = await plain.raw({ depth }).toBuffer({ resolveWithObject: true });
  return { data, width: info.width, height: info.height, channels: info.channels, depth };
}

/** The JPEG decoder warns about lost data. Other decoders warn about tags and fail on lost data. */
function strictness({ format }: ImageFacts): "warning" | "error" {
  return format === "jpeg" ? "warning" : "error";
}

async function readPages(
  source: Uint8Array,
  facts: ImageFacts,
  failOn: "warning" | "error",
): Promise<Pixels> {
  const sharp = await loadSharp();
  if (facts.pages > 1 && (facts.format === "gif" || facts.format === "webp")) {
    return readSmall(sharp, source, facts, { failOn, animated: true });
  }
  const { jpegs, rest } =
    facts.format === "tiff" ? splitOldJpegs(source) : { jpegs: undefined, rest: source };
  const alone = facts.format === "tiff" && facts.pages > MANY_PAGES ? pagesAlone(rest) : undefined;
  const readPage = (page: number) => {
    const jpeg = jpegs?.get(page);
    if (alone && !jpeg) return readSmall(sharp, alone(page), facts, { failOn });
    return readSmall(sharp, jpeg ?? rest, facts, jpeg || page === 0 ? { failOn } : { failOn, page });
  };
  const preview = await readPage(0);
  const pages = facts.format === "tiff" ? facts.pages : 1;
  for (let page = 1; page < pages; page++) {
    await readPage(page).catch((error: Error) => {
      throw new Error(`page ${page + 1}: ${error.message}`, { cause: error });
    });
  }
  return preview;
}

export function open(sharp: SharpModule, source: Uint8Array, options: SharpOptions): Sharp {
  return sharp(source, { limitInputPixels: false, ignoreIcc: true, sequentialRead: true, ...options });
}

async function readSmall(
  sharp: SharpModule,
  source: Uint8Array,
  facts: ImageFacts,
  options: SharpOptions,
): Promise<Pixels> {
  // One ninth: libvips shrinks a JPEG by 8 on load only if that is larger than the requested size.
  const { width, height } = previewSize(facts);
  const image = open(sharp, source, options).resize({ width, height, fit: "fill" });
  const { data, info } = await image.raw().toBuffer({ resolveWithObject: true });
  // Frames are stacked vertically; take the first.
  const shown = data.subarray(0, width * height * info.channels);
  return { data: shown, width, height, channels: info.channels, depth: "uchar" };
}

function previewSize(facts: ImageFacts): { width: number; height: number } {
  const { width, height } = decodedSize(facts);
  const shrink = (size: number) => Math.max(1, Math.floor(size / PREVIEW_SHRINK));
  return { width: shrink(width), height: shrink(height) };
}

/**
 * Preview from the result of a check or decode: the first page at one ninth of its size, 8 bits per sample,
 * before `turnToMake`. Shrinks larger input.
 */
export async function previewOf(seen: Pixels, facts: ImageFacts): Promise<Pixels> {
  const { width, height } = previewSize(facts);
  const { data, channels, ...size } = toEightBits(seen);
  if (size.width === width && size.height === height) return { data, channels, ...size };
  const sharp = await loadSharp();
  const raw = { width: size.width, height: size.height, channels: channels as 1 | 2 | 3 | 4 };
  const image = sharp(data, { raw, limitInputPixels: false }).resize({ width, height, fit: "fill" });
  return { data: await image.raw().toBuffer(), width, height, channels, depth: "uchar" };
}

export function decodable(bytes: Uint8Array, { format, colours }: ImageFacts): Uint8Array {
  if (format === "avif") return inspectAvif(bytes).decodable;
  return format === "tiff" && colours === "other" ? mendTiff(bytes) : bytes;
}

/** Removes what a strict decoder rejects although no pixel depends on it. */
function mend(bytes: Uint8Array, { format }: ImageFacts): Uint8Array {
  return format === "png" ? (mendPng(bytes) ?? bytes) : bytes;
}
