import type { ImageFacts } from "./facts.ts";
import { sampleBytes } from "./footprint.ts";
import { codedParts } from "./jpeg.ts";
import type { Pixels } from "./pixels.ts";

/**
 * What two images must share to be the same page: of a JPEG, and of what is made one, the coded data; of other formats
 * the decoded samples; with the profile, the turn and the kind of samples, without names, dates, resolution and comments.
 * Lossy formats are equal to files of their own format only: a reader decodes them as it likes.
 */
export type IdentityKind = "coded" | "samples" | "bytes";

/** Samples above this many bytes are not held together: such an image is the same as equal bytes only. */
export const MAX_SAMPLE_BYTES = 200_000_000;

export function identityKind(facts: ImageFacts): IdentityKind {
  if (facts.pages > 1 || facts.ownBytes) return "bytes";
  if (facts.format === "jpeg") return "coded";
  const plain = facts.colours !== "other" && facts.bits > 0;
  return plain && sampleBytes(facts) <= MAX_SAMPLE_BYTES ? "samples" : "bytes";
}

/** What an identity goes by: the JPEG that came, the one that was made of the image, or its samples. */
export type Identified = { came: Uint8Array } | { made: Uint8Array } | { samples: Pixels };

/** The parts over which an identity goes, in order. */
export function* identityParts(facts: ImageFacts, by: Identified): Generator<Uint8Array> {
  const { format, lossless, orientation, profile, shown } = facts;
  const kind = format === "jpeg" || !lossless ? format : "lossless";
  const head = [kind, orientation ?? 1, shapeOf(by), profile?.length ?? 0, shown?.length ?? 0, ""];
  yield Buffer.from(head.join("|"));
  if (profile) yield profile;
  if (shown) yield shown;
  if ("samples" in by) yield by.samples.data;
  else yield* codedParts("made" in by ? by.made : by.came);
}

function shapeOf(by: Identified): string {
  if ("samples" in by) {
    const { width, height, channels, depth } = by.samples;
    return `${width}x${height}x${channels}:${depth}`;
  }
  return "made" in by ? "made" : "";
}

/**
 * 32 hex characters of SHA-256 over the parts: a proof, so that no two images need be compared, and as quick as memory
 * where the processor knows it. Beside the next decode it costs little.
 */
export function hashParts(parts: Iterable<Uint8Array>): string {
  const hasher = new Bun.CryptoHasher("sha256");
  for (const part of parts) hasher.update(part);
  return hasher.digest("hex").slice(0, 32);
}
