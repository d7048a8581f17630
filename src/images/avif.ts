import { damaged } from "./damage.ts";
import { latin } from "./exif.ts";

/** A box of ISO/IEC 14496-12. */
interface Box {
  type: string;
  /** Byte range of its content. */
  start: number;
  end: number;
}

function* boxes(bytes: Uint8Array, from: number, to: number): Generator<Box> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = from; at + 8 <= to; ) {
    const short = view.getUint32(at);
    const long = short === 1 && at + 16 <= to;
    const size = long ? Number(view.getBigUint64(at + 8)) : short === 0 ? to - at : short;
    if (size < 8) return;
    yield { type: latin(bytes, at + 4, at + 8), start: at + (long ? 16 : 8), end: at + size };
    at += size;
  }
}

function findBox(bytes: Uint8Array, path: readonly string[]): Box | undefined {
  let inside: { start: number; end: number } = { start: 0, end: bytes.length };
  let found: Box | undefined;
  for (const type of path) {
    found = undefined;
    for (const box of boxes(bytes, inside.start, inside.end)) {
      if (box.type === type) {
        found = box;
        break;
      }
    }
    if (found === undefined) return undefined;
    inside = { start: found.start + (type === "meta" ? 4 : 0), end: Math.min(found.end, bytes.length) };
  }
  return found;
}

/** Boxes that hold the picture. Damage in other boxes at the end loses nothing. */
const NEEDED = new Set(["ftyp", "meta", "moov", "mdat"]);

/** The brand that libvips recognizes. Pillow accepts more; their first picture is decoded under this one. */
const PLAIN_BRAND = "avif";

export interface AvifFacts {
  /** Derived from its rotation and mirror, which decoders apply; null if it has neither. */
  orientation: number | null;
  pages: number;
  /** Has a gain map or a second picture. */
  several: boolean;
  decodable: Uint8Array;
}

/** Reads the boxes of an AVIF (av1-avif 1.1). Throws `invalid_input` if the file is truncated. */
export function inspectAvif(bytes: Uint8Array): AvifFacts {
  for (const box of boxes(bytes, 0, bytes.length)) {
    if (box.end > bytes.length && NEEDED.has(box.type)) throw damaged("avif", "it is cut off");
  }
  const properties = findBox(bytes, ["meta", "iprp", "ipco"]);
  let [turn, mirror]: [number, number | undefined] = [0, undefined];
  if (properties) {
    for (const { type, start } of boxes(bytes, properties.start, properties.end)) {
      if (type === "irot") turn = (bytes[start] ?? 0) & 3;
      if (type === "imir") mirror = (bytes[start] ?? 0) & 1;
    }
  }
  const brand = latin(bytes, 8, 12);
  const items = findBox(bytes, ["meta", "iinf"]);
  return {
    orientation: orientationOf(turn, mirror),
    pages: brand === "avis" ? countFrames(bytes) : 1,
    several: items !== undefined && latin(bytes, items.start, items.end).includes("tmap"),
    decodable: brand === PLAIN_BRAND ? bytes : rebrand(bytes),
  };
}

/** EXIF orientation of `turn` counterclockwise quarter turns followed by a mirror along `axis`. */
function orientationOf(turn: number, axis: number | undefined): number | null {
  if (axis === undefined) return [null, 8, 3, 6][turn] ?? null;
  return [axis ? 2 : 4, axis ? 7 : 5, axis ? 4 : 2, axis ? 5 : 7][turn] ?? null;
}

function rebrand(bytes: Uint8Array): Uint8Array {
  const copy = new Uint8Array(bytes);
  copy.set(new TextEncoder().encode(PLAIN_BRAND), 8);
  return copy;
}

function countFrames(bytes: Uint8Array): number {
  const sizes = findBox(bytes, ["moov", "trak", "mdia", "minf", "stbl", "stsz"]);
  if (sizes === undefined || sizes.start + 12 > bytes.length) return 1;
  return Math.max(1, new DataView(bytes.buffer, bytes.byteOffset).getUint32(sizes.start + 8));
}
