import { AppError } from "../errors.ts";

/**
 * Decompresses one raw LZ4 block into `output` from `at` on, and gives where it ended. Format:
 * lz4/doc/lz4_Block_format.md. Throws `corrupt`.
 */
export function decompressLz4Block(input: Uint8Array, output: Uint8Array, from = 0): number {
  let at = 0;
  let end = from;
  const readMore = (length: number) => {
    let total = length;
    for (let byte = 255; byte === 255; total += byte) byte = input[at++] ?? 0;
    return total;
  };
  while (at < input.length) {
    const token = input[at++] ?? 0;
    const literal = token >> 4 === 15 ? readMore(15) : token >> 4;
    if (at + literal > input.length || end + literal > output.length) throw broken();
    output.set(input.subarray(at, at + literal), end);
    at += literal;
    end += literal;
    if (at >= input.length) break; // the last sequence has no match
    const offset = (input[at] ?? 0) | ((input[at + 1] ?? 0) << 8);
    at += 2;
    const match = ((token & 15) === 15 ? readMore(15) : token & 15) + 4;
    if (offset === 0 || offset > end || end + match > output.length) throw broken();
    if (offset >= match) {
      output.copyWithin(end, end - offset, end - offset + match);
      end += match;
    } else {
      for (const stop = end + match; end < stop; end++) output[end] = output[end - offset] ?? 0;
    }
  }
  return end;
}

/** Makes room for what is said to be in `compressed`, which a byte of it cannot make longer than 255. Throws `corrupt`. */
export function createLz4Output(compressed: Uint8Array, sizeBytes: number): Uint8Array {
  if (!(sizeBytes >= 0 && sizeBytes <= compressed.length * 255)) throw broken();
  return new Uint8Array(sizeBytes);
}

const MAGIC = 0x184d2204;

/** Decompresses one LZ4 frame whose content is `sizeBytes` long. Throws `corrupt`. Format: lz4/doc/lz4_Frame_format.md. */
export function decompressLz4Frame(input: Uint8Array, sizeBytes: number): Uint8Array {
  const view = new DataView(input.buffer, input.byteOffset, input.byteLength);
  const readWord = (at: number) => {
    if (at + 4 > input.length) throw broken();
    return view.getUint32(at, true);
  };
  if (readWord(0) !== MAGIC) throw broken();
  const flags = input[4] ?? 0;
  const blockChecksum = flags & 0x10 ? 4 : 0;
  let at = 4 + 2 + (flags & 0x08 ? 8 : 0) + (flags & 0x01 ? 4 : 0) + 1;
  const output = createLz4Output(input, sizeBytes);
  let end = 0;
  for (;;) {
    const head = readWord(at);
    at += 4;
    if (head === 0) break;
    const length = head & 0x7fffffff;
    if (at + length > input.length) throw broken();
    const block = input.subarray(at, at + length);
    if (head >>> 31) {
      if (end + length > sizeBytes) throw broken();
      output.set(block, end);
      end += length;
    } else {
      end = decompressLz4Block(block, output, end);
    }
    at += length + blockChecksum;
  }
  if (end !== sizeBytes) throw broken();
  return output;
}

function broken(): AppError {
  return new AppError("corrupt", "a piece of LZ4 data is damaged; copy or write the file again");
}
