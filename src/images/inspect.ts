import type { Metadata } from "sharp";
import { AppError } from "../errors.ts";
import { inspectAvif } from "./avif.ts";
import { inspectBmp } from "./bmp.ts";
import { damaged, tooManyPixels } from "./damage.ts";
import { NO_PLACEMENT, readExif, readXmpOrientation } from "./exif.ts";
import type { ImageFacts } from "./facts.ts";
import { foreignReason } from "./foreign.ts";
import type { DecodeGate } from "./gate.ts";
import { blocksProblem } from "./gif.ts";
import { inspectJpeg } from "./jpeg.ts";
import { inspectPng } from "./png.ts";
import { exifProblem } from "./readers.ts";
import { imageProblem, loadSharp } from "./sharp.ts";
import { type ImageFormat, sniffFormat } from "./sniff.ts";
import { inspectTiff } from "./tiff.ts";

/** Reads an image's header. Throws `invalid_input` if it is no image or exceeds `maxPixels`. */
export async function inspectImage(
  bytes: Uint8Array,
  maxPixels: number,
  gate: DecodeGate,
): Promise<ImageFacts> {
  const format = sniffFormat(bytes);
  if (format === undefined) throw new AppError("invalid_input", foreignReason(bytes));
  const facts = await inspectAs(format, bytes, gate);
  const pixels = facts.storedWidth * facts.storedHeight;
  if (pixels > maxPixels) throw tooManyPixels(pixels, maxPixels);
  return facts;
}

async function inspectAs(format: ImageFormat, bytes: Uint8Array, gate: DecodeGate): Promise<ImageFacts> {
  try {
    switch (format) {
      case "jpeg":
        return inspectJpeg(bytes);
      case "png":
        return inspectPng(bytes);
      case "tiff":
        return inspectTiff(bytes);
      case "bmp":
        return inspectBmp(bytes);
      default:
        return await inspectByLibrary(format, bytes, gate);
    }
  } catch (error) {
    // A length in the file points outside of it.
    if (error instanceof RangeError) throw damaged(format, "it ends where more must come", error);
    throw error;
  }
}

/** Approximate memory for reading a header. */
const HEADER_BYTES = 1_000_000;

/** GIF, WebP and AVIF, by libvips: our own parsing would add little. */
async function inspectByLibrary(
  format: ImageFormat,
  bytes: Uint8Array,
  gate: DecodeGate,
): Promise<ImageFacts> {
  const avif = format === "avif" ? inspectAvif(bytes) : undefined;
  const sharp = await loadSharp();
  const read = () => sharp(avif?.decodable ?? bytes, { limitInputPixels: false, failOn: "error" }).metadata();
  const metadata: Metadata =
    (await gate.run(HEADER_BYTES, () => read().catch(() => undefined))) ??
    (await gate.alone(read).catch((error: unknown) => {
      throw imageProblem(format, error);
    }));
  const { width, height, hasAlpha, exif, xmp, icc } = metadata;
  const said = exif === undefined ? NO_PLACEMENT : readExif(exif);
  // libvips reports the size of an AVIF after rotation.
  const turned = (avif?.orientation ?? 1) >= 5;
  return {
    format,
    storedWidth: turned ? height : width,
    storedHeight: turned ? width : height,
    pages: avif?.pages ?? metadata.pages ?? 1,
    orientation: avif ? avif.orientation : (said.orientation ?? (xmp ? readXmpOrientation(xmp) : null)),
    dpi: said.dpi,
    bits: metadata.depth === "uchar" ? 8 : metadata.depth === "ushort" ? 16 : 0,
    colours: metadata.space === "b-w" ? "grey" : "rgb",
    alpha: hasAlpha,
    profile: icc,
    lossless: format === "gif",
    whole: format !== "gif",
    ownBytes: avif?.several ?? false,
    unreadable: (exif && exifProblem(exif)) ?? (format === "gif" ? blocksProblem(bytes) : undefined),
  };
}
