import type { OutputInfo, Sharp } from "sharp";
import { AppError } from "../errors.ts";
import type { ImagePolicy, VerifyLevel } from "../schema/upload.ts";
import { decodePixels, type ImageHeader, readHeader } from "./decode.ts";
import type { Pixels } from "./pixels.ts";
import { loadSharp } from "./sharp.ts";
import type { ImageFormat } from "./sniff.ts";

const JPEG_QUALITY = 95;

export interface TreatTerms {
  policy: ImagePolicy;
  verify: VerifyLevel;
  /** Larger images are refused. */
  maxPixels: number;
}

/** An image that was checked, and in which form it is to be stored. */
export interface TreatedImage {
  /** The form to store: bytes of `format`; undefined to keep the source's bytes as they are. */
  encoded: Uint8Array | undefined;
  format: ImageFormat;
  /** Pixels, upright. */
  width: number;
  height: number;
  /** Upright pixels of the source; undefined when nothing asked for a decode. */
  pixels: Pixels | undefined;
}

/**
 * Checks an image and gives it the form that the policy asks for, with one decode at most. `optimize` keeps JPEG, WebP
 * and AVIF; a rotated image is turned upright; the rest becomes JPEG when that is smaller, unless JPEG would lose frames
 * or depth (animations, multi-page TIFF, 16 bits). Throws `invalid_input` with a reason for people.
 */
export async function treatImage(bytes: Uint8Array, terms: TreatTerms): Promise<TreatedImage> {
  const header = await readHeader(bytes, terms.maxPixels);
  const { format, width, height } = header;
  const target = chooseTarget(header, terms.policy);
  const kept = { encoded: undefined, format, width, height };
  if (target === "keep" && terms.verify === "header") return { ...kept, pixels: undefined };
  const pixels = await decodePixels(bytes, header);
  if (target === "keep") return { ...kept, pixels };
  if (target === "upright" && format !== "jpeg") {
    const encoded = await encodePixels(pixels, format);
    return { ...kept, encoded, pixels };
  }
  const encoded = await encodePixels(pixels, "jpeg");
  if (target === "jpeg-if-smaller" && encoded.byteLength >= bytes.byteLength) return { ...kept, pixels };
  return { encoded, format: "jpeg", width, height, pixels };
}

type Treatment = "keep" | "upright" | "jpeg" | "jpeg-if-smaller";

/** What the policy makes of an image, by its header alone. */
export function chooseTarget(header: ImageHeader, policy: ImagePolicy): Treatment {
  const { format, upright, pages, depth } = header;
  if (policy === "preserve") return "keep";
  if (policy === "jpeg") return format === "jpeg" && upright ? "keep" : "jpeg";
  if (pages > 1 || (depth === "ushort" && format !== "jpeg")) return "keep";
  const settled = format === "jpeg" || format === "webp" || format === "avif";
  if (!upright) return settled ? "upright" : "jpeg";
  return settled ? "keep" : "jpeg-if-smaller";
}

async function encodePixels(pixels: Pixels, format: ImageFormat): Promise<Uint8Array> {
  const sharp = await loadSharp();
  const { width, height } = pixels;
  const channels = pixels.channels as 1 | 2 | 3 | 4;
  const data = pixels.depth === "ushort" ? asSixteenBit(pixels.data) : pixels.data;
  const colored = sharp(data, { raw: { width, height, channels }, limitInputPixels: false });
  const image = channels < 3 ? colored.toColourspace("b-w") : colored;
  const { data: encoded } = await encodeAs(image, format);
  return encoded;
}

function encodeAs(image: Sharp, format: ImageFormat): Promise<{ data: Buffer; info: OutputInfo }> {
  const options = { resolveWithObject: true } as const;
  switch (format) {
    case "jpeg": {
      const flat = image.flatten({ background: "white" });
      return flat.jpeg({ quality: JPEG_QUALITY, chromaSubsampling: "4:4:4" }).toBuffer(options);
    }
    case "webp":
      return image.webp({ quality: JPEG_QUALITY }).toBuffer(options);
    case "avif":
      return image.avif({ quality: JPEG_QUALITY, chromaSubsampling: "4:4:4" }).toBuffer(options);
    default:
      throw new AppError("internal", `images are never written as ${format}`);
  }
}

function asSixteenBit(data: Uint8Array): Uint16Array {
  return new Uint16Array(data.buffer, data.byteOffset, data.byteLength / 2);
}
