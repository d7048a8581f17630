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

/** What a preview's sides are to those of the image, about. */
const PREVIEW_SHRINK = 9;

/**
 * Reads all coded data of every page and gives what it saw of the first: a small picture, or all samples. Of a JPEG it
 * decodes at an eighth: each bit is read, not each pixel made. Throws where a decoder has anything to remark; of ours,
 * with the reason.
 */
export async function checkImage(bytes: Uint8Array, facts: ImageFacts): Promise<Pixels | undefined> {
  if (facts.format === "bmp") return decodeBmp(bytes);
  return readPages(decodable(bytes, facts), facts, strictness(facts));
}

/**
 * Looks again at an image of which a decoder remarked something: what costs no pixel is forgiven. Throws `invalid_input`
 * with the reason. Only while nothing else is decoded in this process is what libvips says said of this image.
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
 * The samples of the first page as they are stored: unturned, without colour management, 8 or 16 bits. Undefined where
 * readers do not agree about them; throws where its decoder has anything to remark.
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

/** A JPEG decoder warns of lost data; those of other formats warn of tags and fail for data. */
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
  const readPage = (page: number) => {
    const jpeg = jpegs?.get(page);
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
  // A ninth: libvips takes an eighth of a JPEG only where that is more than is asked for.
  const { width, height } = previewSize(facts);
  const image = open(sharp, source, options).resize({ width, height, fit: "fill" });
  const { data, info } = await image.raw().toBuffer({ resolveWithObject: true });
  // Of several frames, which stand one below the other, the first.
  const shown = data.subarray(0, width * height * info.channels);
  return { data: shown, width, height, channels: info.channels, depth: "uchar" };
}

function previewSize(facts: ImageFacts): { width: number; height: number } {
  const { width, height } = decodedSize(facts);
  const shrink = (size: number) => Math.max(1, Math.floor(size / PREVIEW_SHRINK));
  return { width: shrink(width), height: shrink(height) };
}

/**
 * The small picture of an image, of what a check or a decode of it gave: the first page at a ninth of its size, 8 bits a
 * sample, still to be turned by `turnToMake`. Shrinks what is larger.
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

/** The file as libvips knows it. */
export function decodable(bytes: Uint8Array, { format, colours }: ImageFacts): Uint8Array {
  if (format === "avif") return inspectAvif(bytes).decodable;
  return format === "tiff" && colours === "other" ? mendTiff(bytes) : bytes;
}

/** The file without what a strict decoder stumbles over and no pixel depends on. */
function mend(bytes: Uint8Array, { format }: ImageFacts): Uint8Array {
  return format === "png" ? (mendPng(bytes) ?? bytes) : bytes;
}
