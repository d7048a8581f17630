import { AppError } from "../errors.ts";
import type { ImagePolicy, VerifyLevel } from "../schema/upload.ts";
import { damaged, notTaken } from "./damage.ts";
import { checkImage, decodePixels, previewOf, recheckImage } from "./decode.ts";
import { encodeInStrips, encodeJpeg, isStreamable, MAX_JPEG_SIDE } from "./encode.ts";
import { type ImageFacts, uprightSize } from "./facts.ts";
import { memoryOfCheck, memoryOfPixels, sampleBytes } from "./footprint.ts";
import type { DecodeGate } from "./gate.ts";
import { hashParts, type Identified, identityKind, identityParts, MAX_SAMPLE_BYTES } from "./identity.ts";
import { inspectImage } from "./inspect.ts";
import type { Pixels } from "./pixels.ts";
import type { ImageFormat } from "./sniff.ts";

export interface NormalizeTerms {
  policy: ImagePolicy;
  verify: VerifyLevel;
  maxPixels: number;
  gate: DecodeGate;
  /** Also make a preview; any decode provides one cheaply. */
  preview?: boolean;
}

export interface NormalizedImage {
  /** Bytes of `format` to store; undefined to keep the source bytes. */
  encoded: Uint8Array | undefined;
  format: ImageFormat;
  width: number;
  height: number;
  pages: number;
  orientation: number | null;
  dpi: number | null;
  /** Computes the identity; undefined if the samples were not read or only equal bytes match. */
  identify: (() => string) | undefined;
  verified: boolean;
  /** The requested preview; undefined if nothing was decoded or readers disagree about the samples. */
  preview: Pixels | undefined;
}

/**
 * Checks an image and converts it as the policy requires. If in doubt the bytes are kept: several pages,
 * samples other than 8 bits, transparency or a decoder warning prevent conversion. Throws `invalid_input`.
 */
export async function normalizeImage(bytes: Uint8Array, terms: NormalizeTerms): Promise<NormalizedImage> {
  const { gate } = terms;
  const facts = await inspectImage(bytes, terms.maxPixels, gate);
  const full = terms.verify === "full";
  if (full && facts.unreadable !== undefined) throw damaged(facts.format, facts.unreadable);
  if (full && facts.unknownKind !== undefined) throw notTaken(facts.format, facts.unknownKind);
  const plan = planDecode(facts, bytes.length, terms);
  const { format, pages, orientation, dpi } = facts;
  const common = { ...uprightSize(facts), pages, orientation, dpi };
  if (plan.way === "none") return { ...common, format, verified: false, ...NOTHING_DECODED };
  if (plan.memoryBytes > gate.limitBytes) throw tooMuchMemory(plan.memoryBytes, gate.limitBytes);
  const previewed = async (seen: Pixels | undefined) =>
    terms.preview && seen !== undefined ? previewOf(seen, facts) : undefined;
  const decoded = await gate.run(plan.memoryBytes, async () => {
    const result = await decode(bytes, facts, plan, previewed);
    // Samples are external memory that the garbage collector does not count.
    if (plan.memoryBytes > MAX_WAITING_BYTES) Bun.gc(true);
    return result;
  });
  // An image with a harmless decoder warning is kept unchanged.
  const { encoded, identify, preview } =
    decoded ??
    (await gate.alone(async () => {
      return { ...NOTHING_DECODED, preview: await previewed(await recheckImage(bytes, facts)) };
    }));
  const verified = full || (facts.unreadable ?? facts.unknownKind) === undefined;
  return {
    ...common,
    encoded,
    format: encoded ? "jpeg" : format,
    identify: verified ? identify : undefined,
    verified,
    preview,
  };
}

/**
 * How an image is read: not at all; whole, for a check; all samples held, to hash or encode; through the JPEG
 * encoder, which also holds its coefficients; or (`strips`) a few rows at a time.
 */
type Way = "none" | "check" | "hold" | "stream" | "strips";

interface DecodePlan {
  treatment: Normalization;
  way: Way;
  memoryBytes: number;
}

function planDecode(facts: ImageFacts, sizeBytes: number, terms: NormalizeTerms): DecodePlan {
  const { policy, verify, gate, preview } = terms;
  const treatment = chooseTreatment(facts, policy);
  const plan = (way: Way, memoryBytes: number) => ({ treatment, way, memoryBytes });
  const fits = (memoryBytes: number) =>
    memoryBytes <= gate.limitBytes && sampleBytes(facts) <= MAX_SAMPLE_BYTES;
  const checkBytes = memoryOfCheck(facts);
  const heldBytes = memoryOfPixels(facts, treatment !== "keep");
  if (treatment === "keep") {
    if (verify !== "full") return plan("none", 0);
    return identityKind(facts) === "samples" && fits(heldBytes)
      ? plan("hold", heldBytes)
      : plan("check", checkBytes);
  }
  const streamBytes = memoryOfPixels(facts, false); // the coefficients, or the samples if it is kept
  const streams = isStreamable(facts) && facts.bits <= 8 && !preview && fits(streamBytes);
  if (streams && (treatment === "jpeg" || !isSmall(facts, sizeBytes))) return plan("stream", streamBytes);
  if (fits(heldBytes)) return plan("hold", heldBytes);
  return isStreamable(facts) && !facts.whole ? plan("strips", checkBytes) : plan("check", checkBytes);
}

/** Whether a quality 95 JPEG would hardly be smaller: half a bit per pixel. Samples are hashed instead. */
function isSmall({ storedWidth, storedHeight }: ImageFacts, sizeBytes: number): boolean {
  return sizeBytes * 16 < storedWidth * storedHeight;
}

type Decoded = Pick<NormalizedImage, "encoded" | "identify" | "preview">;

const NOTHING_DECODED: Decoded = { encoded: undefined, identify: undefined, preview: undefined };

/** Returns undefined on a decoder warning. `previewed` makes the preview from the samples, if requested. */
async function decode(
  bytes: Uint8Array,
  facts: ImageFacts,
  plan: DecodePlan,
  previewed: (seen: Pixels | undefined) => Promise<Pixels | undefined>,
): Promise<Decoded | undefined> {
  const { treatment, way } = plan;
  const isChosen = (made: Uint8Array | undefined) =>
    made !== undefined && (treatment === "jpeg" || made.length < bytes.length);
  try {
    if (way === "stream") {
      const made = await encodeInStrips(bytes, facts, { optimiseCoding: true });
      if (isChosen(made)) return { encoded: made, identify: identifier(facts, { made }), preview: undefined };
    }
    const holds = way === "hold" || (way === "stream" && identityKind(facts) === "samples");
    const samples = holds ? await decodePixels(bytes, facts) : undefined;
    const preview = await previewed(samples ?? (await checkImage(bytes, facts)));
    // Optimised coding would hold all coefficients to count them.
    const made =
      way === "strips"
        ? await encodeInStrips(bytes, facts, { optimiseCoding: false })
        : way === "hold" && treatment !== "keep" && samples
          ? await encodeJpeg(samples, facts)
          : undefined;
    const encoded = isChosen(made) ? made : undefined;
    return { encoded, identify: identifierOf(bytes, facts, { samples, encoded }), preview };
  } catch (error) {
    if (error instanceof AppError) throw error;
    return undefined;
  }
}

/** Samples above this many bytes are hashed before the next image is decoded, smaller ones in parallel. */
const MAX_WAITING_BYTES = 64_000_000;

function identifierOf(
  bytes: Uint8Array,
  facts: ImageFacts,
  { samples, encoded }: { samples: Pixels | undefined; encoded: Uint8Array | undefined },
): (() => string) | undefined {
  const kind = identityKind(facts);
  if (kind === "bytes") return undefined;
  if (kind === "coded") return identifier(facts, { came: bytes });
  if (encoded !== undefined) return identifier(facts, { made: encoded });
  return samples && identifier(facts, { samples });
}

function identifier(facts: ImageFacts, by: Identified): () => string {
  const identify = () => hashParts(identityParts(facts, by));
  if (!("samples" in by) || by.samples.data.byteLength <= MAX_WAITING_BYTES) return identify;
  const identity = identify();
  return () => identity;
}

function tooMuchMemory(bytes: number, limit: number): AppError {
  const megabytes = (count: number) => Math.ceil(count / 1e6);
  return new AppError(
    "invalid_input",
    `decoding it needs ${megabytes(bytes)} MB, above the limit of ${megabytes(limit)} (processing.memory)`,
  );
}

type Normalization = "keep" | "jpeg" | "smaller";

/** What the policy stores, decided from the facts alone: the source bytes, a JPEG, or the smaller of both. */
export function chooseTreatment(facts: ImageFacts, policy: ImagePolicy): Normalization {
  const { format, storedWidth, storedHeight, pages, bits, colours, orientation } = facts;
  const fits = Math.max(storedWidth, storedHeight) <= MAX_JPEG_SIDE;
  if (policy === "preserve" || !fits || pages > 1 || facts.ownBytes) return "keep";
  if (colours === "other" || bits === 0) return "keep";
  if (format === "jpeg") return (orientation ?? 1) > 1 && bits === 8 ? "jpeg" : "keep";
  if (policy === "jpeg") return "jpeg";
  return facts.lossless && bits <= 8 && facts.shown === undefined ? "smaller" : "keep";
}
