import type { ImageFacts } from "./facts.ts";
import { sampleBytes } from "./footprint.ts";
import { codedParts } from "./jpeg.ts";
import type { Pixels } from "./pixels.ts";

/**
 * What makes two images the same page. JPEGs and images converted to JPEG: the coded data. Other formats: the
 * decoded samples with profile, orientation and sample type. Names, dates, resolution and comments are
 * ignored. A lossy format matches only its own format, because readers may decode it differently.
 */
export type IdentityKind = "coded" | "samples" | "bytes";

/** Above this many bytes samples are not held in memory; only equal bytes match. */
export const MAX_SAMPLE_BYTES = 200_000_000;

export function identityKind(facts: ImageFacts): IdentityKind {
  if (facts.pages > 1 || facts.ownBytes) return "bytes";
  if (facts.format === "jpeg") return "coded";
  const plain = facts.colours !== "other" && facts.bits > 0;
  return plain && sampleBytes(facts) <= MAX_SAMPLE_BYTES ? "samples" : "bytes";
}

/** Input of an identity: the original JPEG, the converted JPEG, or the samples. */
export type Identified = { came: Uint8Array } | { made: Uint8Array } | { samples: Pixels };

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
 * SHA-256 of the parts, 32 hex characters: needs no comparison, and is as fast as memory on most hardware.
 */
export function hashParts(parts: Iterable<Uint8Array>): string {
  const hasher = new Bun.CryptoHasher("sha256");
  for (const part of parts) hasher.update(part);
  return hasher.digest("hex").slice(0, 32);
}
