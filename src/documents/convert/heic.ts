import { loadSharp } from "../../images/sharp.ts";
import { hasHeic, loadLibheif } from "../../native.ts";
import { ImageFault } from "../reasons.ts";
import type { DeepSamples } from "./deep-samples.ts";

/** What of libheif's bindings is used (its `post.js` and `heif_emscripten.h`). */
interface Libheif {
  heif_context_alloc(): unknown;
  heif_context_free(context: unknown): void;
  heif_context_read_from_memory(context: unknown, bytes: Uint8Array): Failure;
  heif_js_context_get_list_of_top_level_image_IDs(context: unknown): number[] | Failure;
  heif_js_context_get_primary_image_handle(context: unknown): Handle | Failure;
  heif_js_decode_image2(handle: unknown, colourspace: unknown, chroma: unknown): Promise<Decoded | Failure>;
  heif_image_handle_has_alpha_channel(handle: unknown): number;
  heif_image_handle_release(handle: unknown): void;
  heif_image_release(image: unknown): void;
  heif_colorspace: Record<string, unknown>;
  heif_chroma: Record<string, unknown>;
  heif_error_code: { heif_error_Ok: unknown };
}

interface Failure {
  code: unknown;
  message?: string;
}

type Handle = { code?: undefined };

interface Decoded {
  code?: undefined;
  image: unknown;
  channels: { width: number; height: number; stride: number; data: Uint8Array; bits_per_pixel?: number }[];
}

export interface HeicFacts {
  /** In pixels, upright. */
  width: number;
  height: number;
  bits: number;
  profile: Uint8Array | undefined;
}

/** What libvips reads of the header; it has no decoder for HEVC. */
export async function inspectHeic(bytes: Uint8Array): Promise<HeicFacts> {
  if (!hasHeic) throw new ImageFault("this build of datalake reads no HEIC; convert it to JPEG or PNG");
  const sharp = await loadSharp();
  try {
    const { width, height, depth, bitsPerSample, icc } = await sharp(bytes, {
      limitInputPixels: false,
    }).metadata();
    return { width, height, bits: bitsPerSample ?? (depth === "ushort" ? 10 : 8), profile: icc };
  } catch (cause) {
    const why = cause instanceof Error ? (cause.message.split("\n")[0] ?? "") : "";
    throw new ImageFault(
      `damaged HEIC: ${why.replace(/^Input buffer |^heif: /g, "") || "its header cannot be read"}`,
    );
  }
}

/** The primary image of a HEIC file, turned as it says, and how many images the file has. Throws `ImageFault`. */
export async function decodeHeic(
  bytes: Uint8Array,
  facts: HeicFacts,
): Promise<{ samples: DeepSamples; images: number }> {
  const heif = (await loadLibheif()) as Libheif;
  const good = <T extends object>(answer: T | Failure): T => {
    const { code, message } = answer as Failure;
    if (code !== undefined && code !== heif.heif_error_code.heif_error_Ok)
      throw new ImageFault(`damaged HEIC: ${message ?? "it cannot be decoded"}`);
    return answer as T;
  };
  const context = heif.heif_context_alloc();
  try {
    good(heif.heif_context_read_from_memory(context, bytes));
    const images = good(heif.heif_js_context_get_list_of_top_level_image_IDs(context)).length;
    const handle = good(heif.heif_js_context_get_primary_image_handle(context));
    try {
      const alpha = heif.heif_image_handle_has_alpha_channel(handle) !== 0;
      const samples = await decode(heif, good, { handle, alpha, facts });
      return { samples, images };
    } finally {
      heif.heif_image_handle_release(handle);
    }
  } finally {
    heif.heif_context_free(context);
  }
}

async function decode(
  heif: Libheif,
  good: (answer: Decoded | Failure) => Decoded,
  { handle, alpha, facts }: { handle: unknown; alpha: boolean; facts: HeicFacts },
): Promise<DeepSamples> {
  const deep = facts.bits > 8;
  const chroma = `heif_chroma_interleaved_${deep ? "RRGGBB" : "RGB"}${alpha ? (deep ? "AA" : "A") : ""}${deep ? "_LE" : ""}`;
  const { heif_colorspace_RGB } = heif.heif_colorspace;
  const decoded = good(
    await heif.heif_js_decode_image2(handle, heif_colorspace_RGB, heif.heif_chroma[chroma]),
  );
  try {
    const [plane] = decoded.channels;
    if (plane === undefined) throw new ImageFault("damaged HEIC: it has no samples");
    const { width, height, stride, data } = plane;
    const channels = alpha ? 4 : 3;
    const row = width * channels * (deep ? 2 : 1);
    const packed = new Uint8Array(row * height);
    for (let y = 0; y < height; y++) packed.set(data.subarray(y * stride, y * stride + row), y * row);
    return { data: packed, width, height, channels, bits: facts.bits, profile: facts.profile };
  } finally {
    heif.heif_image_release(decoded.image);
  }
}
