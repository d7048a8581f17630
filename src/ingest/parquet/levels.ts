import { AppError } from "../../errors.ts";

/**
 * Decodes Parquet's hybrid of run lengths and bit packing: `count` integers of `bitWidth` bits each, as they are in
 * definition levels and dictionary indices. Throws `corrupt`. Format: parquet-format/Encodings.md, "RLE = 3".
 */
export function decodeHybrid(bytes: Uint8Array, bitWidth: number, count: number): Uint32Array {
  const values = new Uint32Array(count);
  if (bitWidth === 0) return values;
  if (bitWidth > 32) throw new AppError("corrupt", `a Parquet page has indices of ${bitWidth} bits`);
  const widthBytes = (bitWidth + 7) >> 3;
  let at = 0;
  let filled = 0;
  while (filled < count) {
    const head = readVarint(bytes, at);
    at = head.end;
    if (head.value % 2 === 1) {
      const packed = Math.floor(head.value / 2) * 8;
      const taken = Math.min(packed, count - filled);
      if (at + Math.ceil((taken * bitWidth) / 8) > bytes.length)
        throw new AppError("corrupt", "a Parquet page ends in the middle of its levels or indices");
      unpack(bytes, at, bitWidth, values.subarray(filled, filled + taken));
      filled += taken;
      at += (packed / 8) * bitWidth;
    } else {
      const run = Math.min(Math.floor(head.value / 2), count - filled);
      let value = 0;
      for (let byte = 0; byte < widthBytes; byte++) value |= (bytes[at + byte] ?? 0) << (8 * byte);
      values.fill(value >>> 0, filled, filled + run);
      filled += run;
      at += widthBytes;
      if (run === 0) throw new AppError("corrupt", "a Parquet page has an empty run");
    }
  }
  return values;
}

/** Values lie from the lowest bit on, across byte borders. */
function unpack(bytes: Uint8Array, from: number, bitWidth: number, values: Uint32Array): void {
  let bit = 0;
  for (let at = 0; at < values.length; at++) {
    let value = 0;
    for (let got = 0; got < bitWidth; ) {
      const byte = bytes[from + (bit >> 3)] ?? 0;
      const free = 8 - (bit & 7);
      const step = Math.min(free, bitWidth - got);
      value |= ((byte >> (bit & 7)) & ((1 << step) - 1)) << got;
      got += step;
      bit += step;
    }
    values[at] = value >>> 0;
  }
}

export function readVarint(bytes: Uint8Array, from: number): { value: number; end: number } {
  let value = 0;
  let scale = 1;
  for (let at = from; at < from + 8; at++) {
    const byte = bytes[at];
    if (byte === undefined) break;
    value += (byte & 0x7f) * scale;
    if (byte < 0x80) return { value, end: at + 1 };
    scale *= 128;
  }
  throw new AppError("corrupt", "a Parquet page ends in the middle of a number");
}
