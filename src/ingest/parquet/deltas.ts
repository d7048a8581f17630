import { AppError } from "../../errors.ts";
import type { ByteReader } from "../bytes.ts";

/** Writers make blocks of 128 or 256. */
const MAX_BLOCK_VALUES = 1 << 16;

/**
 * Decodes a DELTA_BINARY_PACKED run of integers off a stream, leaving it at the byte behind: the lengths in front of
 * DELTA_LENGTH_BYTE_ARRAY. Throws `corrupt`, for more than `maxCount` of them too: equal steps take no bytes. Format:
 * parquet-format/Encodings.md, "Delta Encoding".
 */
export async function decodeDeltas(source: ByteReader, maxCount: number): Promise<number[]> {
  const blockSize = await takeVarint(source);
  const miniblocks = await takeVarint(source);
  const total = await takeVarint(source);
  const perMiniblock = blockSize / miniblocks;
  const whole = Number.isInteger(perMiniblock) && perMiniblock % 8 === 0;
  if (!whole || perMiniblock === 0 || blockSize > MAX_BLOCK_VALUES || total > maxCount) {
    throw new AppError("corrupt", "a Parquet page has a broken delta header");
  }
  const values = [zigzag(await takeVarint(source))];
  while (values.length < total) {
    const least = zigzag(await takeVarint(source));
    const widths = (await source.take(miniblocks)).slice();
    for (const width of widths) {
      if (values.length >= total) break; // trailing miniblocks without values take no bytes
      if (width > 64) throw new AppError("corrupt", `a Parquet page has deltas of ${width} bits`);
      const bytes = await source.take((perMiniblock * width) / 8);
      for (let at = 0; at < perMiniblock && values.length < total; at++) {
        values.push((values.at(-1) ?? 0) + least + unpackOne(bytes, at * width, width));
      }
    }
  }
  return total === 0 ? [] : values;
}

/** Up to 53 bits exactly. */
function unpackOne(bytes: Uint8Array, bitFrom: number, width: number): number {
  let value = 0;
  for (let got = 0; got < width; ) {
    const bit = bitFrom + got;
    const step = Math.min(8 - (bit & 7), width - got);
    const piece = ((bytes[bit >> 3] ?? 0) >> (bit & 7)) & ((1 << step) - 1);
    value += piece * 2 ** got;
    got += step;
  }
  return value;
}

function zigzag(value: number): number {
  return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
}

async function takeVarint(source: ByteReader): Promise<number> {
  let value = 0;
  for (let scale = 1; ; scale *= 128) {
    const byte = (await source.take(1))[0] ?? 0;
    value += (byte & 0x7f) * scale;
    if (byte < 0x80) return value;
  }
}
