import { deflateSync } from "node:zlib";
import { loadSharp } from "../../images/sharp.ts";
import { insertChunk, withDensity } from "../png.ts";

/** Decoded samples: rows from the top, channels interleaved; of more than 8 bits two bytes each, the lower one first. */
export interface DeepSamples {
  data: Uint8Array;
  /** In pixels. */
  width: number;
  height: number;
  /** Grey or red, green and blue, then alpha; or inks. */
  channels: 1 | 2 | 3 | 4;
  /** Cyan, magenta, yellow, black: 0 is none. */
  inks?: boolean;
  /** Of a sample: 1 to 16. */
  bits: number;
  /** ICC. */
  profile: Uint8Array | undefined;
}

/**
 * The samples as a PNG of 8 or 16 bits, turned clockwise: others are filled up, so that a shift gives each
 * back.
 */
export async function encodeDeepPng(
  samples: DeepSamples,
  { quarters = 0, dpi = null }: { quarters?: number; dpi?: number | null } = {},
): Promise<Uint8Array> {
  const { width, height, channels, bits, profile } = samples;
  const sharp = await loadSharp();
  const deep = bits > 8;
  const data = filledSamples(samples);
  const space = `${channels < 3 ? (deep ? "grey16" : "b-w") : deep ? "rgb16" : "srgb"}`;
  const image = sharp(data, { raw: { width, height, channels }, limitInputPixels: false });
  // Otherwise libvips takes deep samples for 8 bits.
  const typed = deep ? image.pipelineColourspace(space) : image;
  const turned = quarters === 0 ? typed : typed.rotate(quarters * 90);
  const png = withDensity(await turned.toColourspace(space).png({ compressionLevel: 2 }).toBuffer(), dpi);
  return profile === undefined ? png : insertChunk(png, "iCCP", profileChunk(profile));
}

/** The samples with 8 or 16 bits, of this machine's byte order. */
export function filledSamples({ data, bits }: DeepSamples): Uint8Array | Uint16Array {
  return bits > 8 ? fill(wide(data), bits, 16) : fill(data, bits, 8);
}

/** The upper 8 bits of each sample. */
export function toEightBits({ data, bits }: DeepSamples): Uint8Array {
  if (bits <= 8) return fill(data, bits, 8);
  const deep = wide(data);
  const upper = new Uint8Array(deep.length);
  for (let at = 0; at < deep.length; at++) upper[at] = (deep[at] as number) >> (bits - 8);
  return upper;
}

function wide(data: Uint8Array): Uint16Array {
  const aligned = data.byteOffset % 2 === 0 ? data : new Uint8Array(data);
  return new Uint16Array(aligned.buffer, aligned.byteOffset, aligned.byteLength >> 1);
}

/** The upper bits again below, as often as they fit: full stays full. */
function fill<T extends Uint8Array | Uint16Array>(data: T, bits: number, to: number): T {
  if (bits === to) return data;
  const full = 2 ** bits - 1;
  const target = 2 ** to - 1;
  const table = Array.from({ length: full + 1 }, (_, value) => {
    let filled = 0;
    for (let shift = to - bits; shift > -bits; shift -= bits)
      filled |= shift >= 0 ? value << shift : value >> -shift;
    return filled & target;
  });
  return data.map((value) => table[Math.min(value, full)] as number) as T;
}

function profileChunk(profile: Uint8Array): Uint8Array {
  return Buffer.concat([Buffer.from("ICC\0\0", "latin1"), deflateSync(profile)]);
}
