import type { ImagePolicy, VerifyLevel } from "../schema/upload.ts";
import { damaged } from "./damage.ts";
import { checkImage, decodePixels } from "./decode.ts";
import { encodeInStrips, encodeJpeg, MAX_JPEG_SIDE } from "./encode.ts";
import { type ImageFacts, uprightSize } from "./facts.ts";
import { sampleBytes } from "./footprint.ts";
import type { DecodeGate } from "./gate.ts";
import { hashParts, identityKind, identityParts, MAX_SAMPLE_BYTES } from "./identity.ts";
import { inspectImage } from "./inspect.ts";
import type { ImageFormat } from "./sniff.ts";

export interface TreatTerms {
  policy: ImagePolicy;
  verify: VerifyLevel;
  /** Larger images are refused. */
  maxPixels: number;
  gate: DecodeGate;
}

/** An image that was checked, and in which form it is to be stored. */
export interface TreatedImage {
  /** The form to store: bytes of `format`; undefined to keep the source's bytes as they are. */
  encoded: Uint8Array | undefined;
  format: ImageFormat;
  /** Pixels, upright. */
  width: number;
  height: number;
  pages: number;
  orientation: number | null;
  dpi: number | null;
  /** Hashes what makes it the same page as another; undefined where that was not read, or is its bytes alone. */
  identify: (() => string) | undefined;
  /** All of it was read. */
  verified: boolean;
}

/**
 * Checks an image and gives it the form that the policy asks for. In doubt its bytes are kept: what has several pages,
 * deeper or other samples than 8 bits, transparency, or a decoder's remark is never made into something else. Throws
 * `invalid_input` with a reason for people.
 */
export async function treatImage(bytes: Uint8Array, terms: TreatTerms): Promise<TreatedImage> {
  const { gate, verify } = terms;
  const facts = await inspectImage(bytes, terms.maxPixels);
  const full = verify === "full";
  if (full && facts.unreadable !== undefined) throw damaged(facts.format, facts.unreadable);
  const treatment = chooseTreatment(facts, terms.policy);
  const bySamples = identityKind(facts) === "samples";
  const held = (treatment !== "keep" || (full && bySamples)) && sampleBytes(facts) <= MAX_SAMPLE_BYTES;
  const pixels = held ? await decodePixels(bytes, facts, gate) : undefined;
  if (pixels === undefined && (full || treatment !== "keep")) await checkImage(bytes, facts, gate);
  const encoded =
    treatment === "keep"
      ? undefined
      : pixels
        ? await encodeJpeg(pixels, facts)
        : held
          ? undefined // its decoder had a remark: such bytes stay as they are
          : await encodeInStrips(bytes, facts, gate);
  const isJpeg = encoded !== undefined && (treatment === "jpeg" || encoded.length < bytes.length);
  const { format, pages, orientation, dpi } = facts;
  const verified = full || (pixels !== undefined && facts.unreadable === undefined);
  const known = bySamples ? pixels !== undefined : identityKind(facts) === "coded";
  return {
    encoded: isJpeg ? encoded : undefined,
    format: isJpeg ? "jpeg" : format,
    ...uprightSize(facts),
    pages,
    orientation,
    dpi,
    identify:
      verified && known
        ? () => hashParts(identityParts(bytes, facts, bySamples ? pixels : undefined))
        : undefined,
    verified,
  };
}

type Treatment = "keep" | "jpeg" | "smaller";

/** What the policy makes of an image, by our look at it alone: its own bytes, a JPEG, or the smaller of both. */
export function chooseTreatment(facts: ImageFacts, policy: ImagePolicy): Treatment {
  const { format, storedWidth, storedHeight, pages, bits, colours, orientation } = facts;
  const fits = Math.max(storedWidth, storedHeight) <= MAX_JPEG_SIDE;
  if (policy === "preserve" || !fits || pages > 1 || facts.ownBytes) return "keep";
  if (colours === "other" || bits === 0) return "keep";
  if (format === "jpeg") return (orientation ?? 1) > 1 && bits === 8 ? "jpeg" : "keep";
  if (policy === "jpeg") return "jpeg";
  return facts.lossless && bits <= 8 && facts.shown === undefined ? "smaller" : "keep";
}
