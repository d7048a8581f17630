import type { Sharp, SharpOptions } from "sharp";
import { inspectAvif } from "./avif.ts";
import { decodeBmp } from "./bmp.ts";
import { damaged } from "./damage.ts";
import type { ImageFacts } from "./facts.ts";
import { memoryOfCheck, memoryOfPixels } from "./footprint.ts";
import type { DecodeGate } from "./gate.ts";
import { scanProblem } from "./jpeg-scan.ts";
import type { Pixels } from "./pixels.ts";
import { frameProblem, mendPng } from "./png.ts";
import { imageProblem, loadSharp, type SharpModule } from "./sharp.ts";
import { mendTiff } from "./tiff.ts";

/** The image at a ninth of its size, on the way of a check. */
export type Preview = Pixels;

/**
 * Reads all coded data of every page and gives a small picture of the first. Of a JPEG, that is a decode at an eighth:
 * each bit is read, not each pixel made. Throws `invalid_input` with the reason.
 */
export async function checkImage(
  bytes: Uint8Array,
  facts: ImageFacts,
  gate: DecodeGate,
): Promise<Preview | undefined> {
  if (facts.format === "bmp") {
    decodeBmp(bytes);
    return undefined;
  }
  const strict = facts.format === "jpeg" ? "warning" : "error";
  const decode = (source: Uint8Array, failOn: "warning" | "error") => async () => {
    const sharp = await loadSharp();
    const preview = await readSmall(sharp, source, facts, { failOn });
    for (let page = 1; page < decodedPages(facts); page++) {
      await readSmall(sharp, source, facts, { failOn, page });
    }
    return preview;
  };
  const problem = facts.format === "png" ? frameProblem(bytes, facts) : undefined;
  if (problem !== undefined) throw damaged("png", problem);
  const source = decodable(bytes, facts);
  try {
    return await gate.run(memoryOfCheck(facts), decode(source, strict));
  } catch {
    return await gate.alone(async () => {
      try {
        const preview = await decode(mend(source, facts), "error")();
        const lost = facts.format === "jpeg" ? scanProblem(bytes) : undefined;
        if (lost === undefined) return preview;
        throw damaged("jpeg", lost);
      } catch (error) {
        throw imageProblem(facts.format, error);
      }
    });
  }
}

/**
 * The samples of the first page as they are stored: unturned, without colour management, 8 or 16 bits. Undefined where
 * its decoder has anything to remark: then nothing is to be made of them. Throws nothing else than the disk does.
 */
export async function decodePixels(
  bytes: Uint8Array,
  facts: ImageFacts,
  gate: DecodeGate,
): Promise<Pixels | undefined> {
  if (facts.format === "bmp") return decodeBmp(bytes);
  const failOn = facts.format === "jpeg" ? "warning" : "error";
  const depth = facts.bits > 8 ? "ushort" : "uchar";
  const space = depth === "ushort" ? ["grey16", "rgb16"] : ["b-w", "srgb"];
  try {
    return await gate.run(memoryOfPixels(facts), async () => {
      const sharp = await loadSharp();
      const image = open(sharp, decodable(bytes, facts), { failOn });
      const plain = image.toColourspace(space[facts.colours === "grey" ? 0 : 1] ?? "srgb");
      const { data, info } = await plain.raw({ depth }).toBuffer({ resolveWithObject: true });
      return { data, width: info.width, height: info.height, channels: info.channels, depth };
    });
  } catch {
    return undefined;
  }
}

export function open(sharp: SharpModule, source: Uint8Array, options: SharpOptions): Sharp {
  return sharp(source, { limitInputPixels: false, ignoreIcc: true, sequentialRead: true, ...options });
}

/** Pages that libvips decodes one by one; of an animation in PNG or AVIF it knows the first picture only. */
function decodedPages({ format, pages }: ImageFacts): number {
  return format === "png" || format === "avif" || format === "jpeg" ? 1 : pages;
}

async function readSmall(
  sharp: SharpModule,
  source: Uint8Array,
  { storedWidth, storedHeight }: ImageFacts,
  options: SharpOptions,
): Promise<Preview> {
  // A ninth: libvips takes an eighth of a JPEG only where that is more than is asked for.
  const [width, height] = [storedWidth, storedHeight].map((size) => Math.max(1, Math.floor(size / 9)));
  const image = open(sharp, source, options).resize({ width, height, fit: "fill" });
  const { data, info } = await image.raw().toBuffer({ resolveWithObject: true });
  return { data, width: info.width, height: info.height, channels: info.channels, depth: "uchar" };
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
