import { readFile } from "node:fs/promises";
import type { Metadata } from "sharp";
import { AppError } from "../errors.ts";
import { decodeBmp, tooManyPixels } from "./bmp.ts";
import { foreignReason } from "./foreign.ts";
import { equalPixels, type Pixels } from "./pixels.ts";
import { imageProblem, loadSharp } from "./sharp.ts";
import { type ImageFormat, sniffFormat } from "./sniff.ts";

/** What an image's header says. */
export interface ImageHeader {
  format: ImageFormat;
  /** Pixels after EXIF orientation. */
  width: number;
  height: number;
  /** False when EXIF asks for a rotation or a mirror. */
  upright: boolean;
  /** Frames of an animation or pages of a TIFF. */
  pages: number;
  depth: Pixels["depth"];
  /** One channel is enough for its colours. */
  grey: boolean;
}

/** Reads the header of an image. Throws `invalid_input` for what is none, or above `maxPixels`. */
export async function readHeader(bytes: Uint8Array, maxPixels: number): Promise<ImageHeader> {
  const format = sniffFormat(bytes);
  if (format === undefined) throw new AppError("invalid_input", foreignReason(bytes));
  if (format === "bmp") {
    const { width, height, depth } = decodeBmp(bytes, maxPixels);
    return { format, width, height, upright: true, pages: 1, depth, grey: false };
  }
  const sharp = await loadSharp();
  let metadata: Metadata;
  try {
    metadata = await sharp(bytes, { limitInputPixels: false }).metadata();
  } catch (error) {
    throw imageProblem(format, error);
  }
  const { width, height, orientation = 1, pages = 1 } = metadata;
  if (width * height > maxPixels) throw tooManyPixels(width * height, maxPixels);
  const turned = orientation >= 5;
  return {
    format,
    width: turned ? height : width,
    height: turned ? width : height,
    upright: orientation <= 1,
    pages,
    depth: metadata.depth === "ushort" ? "ushort" : "uchar",
    grey: metadata.space === "b-w" || metadata.space === "grey16",
  };
}

/** Decodes an image to upright pixels in sRGB (the first frame of an animation). Throws `invalid_input`. */
export async function decodePixels(bytes: Uint8Array, header: ImageHeader): Promise<Pixels> {
  if (header.format === "bmp") return decodeBmp(bytes, Number.POSITIVE_INFINITY);
  const sharp = await loadSharp();
  try {
    const source = sharp(bytes, { limitInputPixels: false });
    const upright = header.upright ? source : source.autoOrient();
    const shades = header.depth === "ushort" ? "grey16" : "b-w";
    const image = header.grey ? upright.toColourspace(shades) : upright;
    const { data, info } = await image.raw({ depth: header.depth }).toBuffer({ resolveWithObject: true });
    const { width, height, channels } = info;
    return { data, width, height, channels, depth: header.depth };
  } catch (error) {
    throw imageProblem(header.format, error);
  }
}

/** Whether two image files show the same pixels. */
export async function samePixels(path: string, other: string): Promise<boolean> {
  const [a, b] = await Promise.all([path, other].map(decodeFile));
  return a !== undefined && b !== undefined && equalPixels(a, b);
}

async function decodeFile(path: string): Promise<Pixels> {
  const bytes = await readFile(path);
  return decodePixels(bytes, await readHeader(bytes, Number.POSITIVE_INFINITY));
}
