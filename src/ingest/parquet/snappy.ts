import { AppError } from "../../errors.ts";
import type { ByteReader } from "../bytes.ts";

/** How far back encoders refer: they work in blocks of 64 kB. */
const WINDOW_BYTES = 1 << 16;
const OUTPUT_BYTES = 1 << 18;

/**
 * Decompresses one raw Snappy block of any size in constant memory, in chunks of up to 256 kB that
 * are valid until the next is asked for. Format:
 * google/snappy/format_description.txt. Throws `corrupt` for references beyond 64 kB, which no known writer makes.
 */
export async function* decompressSnappy(source: ByteReader): AsyncGenerator<Uint8Array> {
  let left = await readLength(source);
  const output = new Uint8Array(WINDOW_BYTES + OUTPUT_BYTES);
  let start = 0; // what lies before was given out, and is kept for references
  let end = 0;
  let literal = 0; // bytes of a literal still to come

  while (left > 0 || literal > 0) {
    if (end - start >= OUTPUT_BYTES - WINDOW_BYTES) {
      yield output.subarray(start, end);
      const kept = Math.min(end, WINDOW_BYTES);
      output.copyWithin(0, end - kept, end);
      start = kept;
      end = kept;
    }
    if (literal > 0) {
      const step = Math.min(literal, WINDOW_BYTES);
      await source.takeInto(output.subarray(end, end + step));
      end += step;
      literal -= step;
      continue;
    }
    const tag = (source.takeNow(1) ?? (await source.take(1)))[0] ?? 0;
    const extra = extraBytes(tag);
    const more = extra === 0 ? NONE : (source.takeNow(extra) ?? (await source.take(extra)));
    if ((tag & 3) === 0) {
      literal = (extra === 0 ? tag >> 2 : littleEndian(more)) + 1;
      left -= literal;
    } else {
      const short = (tag & 3) === 1;
      const length = short ? ((tag >> 2) & 7) + 4 : (tag >> 2) + 1;
      const offset = short ? ((tag >> 5) << 8) | (more[0] ?? 0) : littleEndian(more);
      if (offset === 0 || offset > end) throw new AppError("corrupt", "a Snappy page refers to missing data");
      for (const stop = end + length; end < stop; end++) output[end] = output[end - offset] ?? 0;
      left -= length;
    }
    if (left < 0) throw new AppError("corrupt", "a Snappy page is longer than it says");
  }
  if (end > start) yield output.subarray(start, end);
}

const NONE = new Uint8Array(0);

/** Bytes that follow a tag: a long literal's length, or a reference's offset. */
function extraBytes(tag: number): number {
  const kind = tag & 3;
  if (kind === 0) return tag >> 2 < 60 ? 0 : (tag >> 2) - 59;
  return kind === 1 ? 1 : kind === 2 ? 2 : 4;
}

function littleEndian(bytes: Uint8Array): number {
  let value = 0;
  for (let at = bytes.length - 1; at >= 0; at--) value = value * 256 + (bytes[at] ?? 0);
  return value;
}

async function readLength(source: ByteReader): Promise<number> {
  let value = 0;
  for (let scale = 1; ; scale *= 128) {
    const byte = (await source.take(1))[0] ?? 0;
    value += (byte & 0x7f) * scale;
    if (byte < 0x80) return value;
  }
}
