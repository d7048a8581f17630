import { loadOpenJpeg } from "../../native.ts";
import { ImageFault } from "../reasons.ts";
import type { DeepSamples } from "./deep-samples.ts";
import { type Jp2Channels, jp2Channels } from "./jp2-channels.ts";
import { type Jp2Header, readJp2Header } from "./jp2-header.ts";
import { selectComponents } from "./jp2-selection.ts";

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
  const { components } = header;
  const [first] = components;
  if (first === undefined || header.width <= 0 || header.height <= 0)
    return "damaged JPEG 2000: its size is zero";
  const channels = jp2Channels(header);
  if (typeof channels === "string") return notTaken(channels);
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
  const level = atLeast === undefined ? 0 : levelFor(header, bytes, atLeast);
  const decode = (file: Uint8Array) => decodeFile(file, header, level);
  const { colours, alpha } = jp2Channels(header) as Jp2Channels;
  const [width, height] = [Math.ceil(header.width / 2 ** level), Math.ceil(header.height / 2 ** level)];
  const bits = header.components[0]?.bits ?? 8;
  const inks = colours.length === 4;
  const facts = { width, height, bits, profile: header.profile, inks };
  if (alpha === undefined && !inks) return { ...facts, ...(await decode(bytes)) };
  // The decoder takes one or three components.
  const pick = (selected: readonly number[], space: "grey" | "rgb" | "ycc") =>
    decode(selectComponents(bytes, header, selected, space));
  const space = colours.length === 1 ? "grey" : header.colour === "ycc" ? "ycc" : "rgb";
  const parts = [await pick(colours.slice(0, 3), space)];
  for (const component of [...colours.slice(3), ...(alpha === undefined ? [] : [alpha])])
    parts.push(await pick([component], "grey"));
  return { ...facts, ...interleave(parts, bits > 8 ? 2 : 1) };
}

type Planes = Pick<DeepSamples, "data" | "channels">;

/** Samples of one or three channels, as the file says; halved as often as `level` says. */
async function decodeFile(bytes: Uint8Array, header: Jp2Header, level: number): Promise<Planes> {
  const { J2KDecoder } = (await loadOpenJpeg()) as OpenJpeg;
  const decoder = new J2KDecoder();
  try {
    decoder.getEncodedBuffer(bytes.length).set(bytes);
    if (level === 0) decoder.decode();
    else decoder.decodeSubResolution(level);
    const { componentCount } = decoder.getFrameInfo();
    const pixels = Math.ceil(header.width / 2 ** level) * Math.ceil(header.height / 2 ** level);
    const sampleBytes = (header.components[0]?.bits ?? 8) > 8 ? 2 : 1;
    const data = decoder.getDecodedBuffer().slice();
    const known = componentCount === 1 || componentCount === 3;
    if (!known || data.length !== pixels * componentCount * sampleBytes) throw new ImageFault(DAMAGED);
    return { data, channels: componentCount };
  } catch (error) {
    if (error instanceof WebAssembly.RuntimeError) throw error;
    throw new ImageFault(DAMAGED); // what it throws is a number
  } finally {
    decoder.delete();
  }
}

/** Several images of the same pixels as one of all their channels. */
function interleave(parts: readonly Planes[], sampleBytes: number): Planes {
  const channels = parts.reduce((sum, part) => sum + part.channels, 0);
  const pixelBytes = channels * sampleBytes;
  const [first] = parts as [Planes];
  const pixels = first.data.length / (first.channels * sampleBytes);
  const data = new Uint8Array(pixels * pixelBytes);
  let offset = 0;
  for (const part of parts) {
    const step = part.channels * sampleBytes;
    for (let pixel = 0, from = 0; pixel < pixels; pixel++)
      for (let at = 0; at < step; at++) data[pixel * pixelBytes + offset + at] = part.data[from++] as number;
    offset += step;
  }
  return { data, channels: channels as Planes["channels"] };
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
