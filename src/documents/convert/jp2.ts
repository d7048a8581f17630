import { loadOpenJpeg } from "../../native.ts";
import { ImageFault } from "../reasons.ts";
import type { DeepSamples } from "./deep-samples.ts";
import { type Jp2Header, readJp2Header } from "./jp2-header.ts";

interface OpenJpeg {
  J2KDecoder: new () => Decoder;
}

interface Decoder {
  getEncodedBuffer(length: number): Uint8Array;
  decode(): void;
  decodeSubResolution(level: number): void;
  getFrameInfo(): { width: number; height: number; bitsPerSample: number; componentCount: number };
  getDecodedBuffer(): Uint8Array;
  delete(): void;
}

/** Undefined in place of a sentence: it can be decoded. */
export function jp2Problem(header: Jp2Header | undefined): string | undefined {
  if (header === undefined) return "damaged JPEG 2000: its header cannot be read";
  const { components, colour } = header;
  const [first] = components;
  if (first === undefined || header.width <= 0 || header.height <= 0)
    return "damaged JPEG 2000: its size is zero";
  if (colour === "ycc" || colour === "cmyk") return notTaken(`its colours are ${colour.toUpperCase()}`);
  const colours = colour === "grey" ? 1 : colour === "rgb" ? 3 : components.length >= 3 ? 3 : 1;
  if (!header.palette && components.length !== colours)
    return notTaken(`it has ${components.length} components, as with an alpha channel`);
  if (components.some((one) => one.bits !== first.bits || one.signed !== first.signed))
    return notTaken("its components are not of one kind");
  if (components.some(({ across, down }) => across !== 1 || down !== 1))
    return notTaken("its components are not of one size");
  if (first.signed) return notTaken("its samples are signed");
  if (first.bits > 16) return notTaken(`its samples have ${first.bits} bits`);
  return undefined;
}

function notTaken(why: string): string {
  return `JPEG 2000 of a kind that is not taken: ${why}; convert it to PNG`;
}

/**
 * The samples of a JPEG 2000 file; with `atLeast` of a smaller one: the least of its resolutions that is as wide. Throws
 * `ImageFault` for a file that `jp2Problem` has something against, or that is damaged.
 */
export async function decodeJp2(
  bytes: Uint8Array,
  { atLeast }: { atLeast?: number } = {},
): Promise<DeepSamples> {
  const header = readJp2Header(bytes);
  const problem = jp2Problem(header);
  if (header === undefined || problem !== undefined) throw new ImageFault(problem ?? "");
  const { J2KDecoder } = (await loadOpenJpeg()) as OpenJpeg;
  const decoder = new J2KDecoder();
  try {
    decoder.getEncodedBuffer(bytes.length).set(bytes);
    const level = atLeast === undefined ? 0 : levelFor(header, bytes, atLeast);
    if (level === 0) decoder.decode();
    else decoder.decodeSubResolution(level);
    const { componentCount } = decoder.getFrameInfo();
    const [width, height] = [Math.ceil(header.width / 2 ** level), Math.ceil(header.height / 2 ** level)];
    const bits = header.components[0]?.bits ?? 8;
    const data = decoder.getDecodedBuffer().slice();
    const known = componentCount === 1 || componentCount === 3;
    if (!known || data.length !== width * height * componentCount * (bits > 8 ? 2 : 1))
      throw new ImageFault(DAMAGED);
    return { data, width, height, channels: componentCount, bits, profile: header.profile };
  } catch (error) {
    if (error instanceof WebAssembly.RuntimeError) throw error;
    throw new ImageFault(DAMAGED); // what it throws is a number
  } finally {
    decoder.delete();
  }
}

const DAMAGED = "damaged JPEG 2000: it cannot be decoded";

const CODING_STYLE = 0xff52; // COD

/** How many times to halve it: the codestream says how often it can be. */
function levelFor({ width, codestream }: Jp2Header, bytes: Uint8Array, atLeast: number): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = codestream + 2; at + 10 <= view.byteLength; at += 2 + view.getUint16(at + 2)) {
    if (view.getUint16(at) < 0xff4f) break;
    if (view.getUint16(at) !== CODING_STYLE) continue;
    const halvings = Math.floor(Math.log2(Math.max(1, width / atLeast)));
    return Math.min(view.getUint8(at + 9), halvings);
  }
  return 0;
}
