import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { createByteReader } from "../../src/ingest/bytes.ts";
import { decompressLz4Block, decompressLz4Frame } from "../../src/ingest/lz4.ts";
import { decodeDeltas } from "../../src/ingest/parquet/deltas.ts";
import { decodeHybrid } from "../../src/ingest/parquet/levels.ts";
import { decompressSnappy } from "../../src/ingest/parquet/snappy.ts";
import { readThrift } from "../../src/ingest/parquet/thrift.ts";

/** Any bytes in pieces of any size: readers must not care where a chunk ends. */
async function* inPieces(bytes: Uint8Array, size: number) {
  for (let at = 0; at < bytes.length; at += size) yield bytes.slice(at, at + size);
}

async function unsnap(bytes: Uint8Array, pieceBytes = 7): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const part of decompressSnappy(createByteReader(inPieces(bytes, pieceBytes))))
    parts.push(part.slice());
  return Buffer.concat(parts);
}

const varint = (value: number) => {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
  return [...bytes, rest];
};

describe("snappy", () => {
  test("a literal and a copy that overlaps itself", async () => {
    // "ab", then 6 bytes from 2 back
    const block = Uint8Array.from([8, (2 - 1) << 2, 97, 98, ((6 - 4) << 2) | 1, 2]);
    expect(Buffer.from(await unsnap(block)).toString()).toBe("abababab");
  });

  test("a block far longer than its window, read in odd pieces", async () => {
    const literal = crypto.getRandomValues(new Uint8Array(60_000));
    const tags: number[] = [];
    const parts: Uint8Array[] = [];
    const times = 20;
    const head = Uint8Array.from([61 << 2, (literal.length - 1) & 255, (literal.length - 1) >> 8]);
    for (let at = 0; at < times; at++) parts.push(head, literal);
    const block = Buffer.concat([Uint8Array.from([...varint(literal.length * times), ...tags]), ...parts]);
    const plain = await unsnap(block, 10_007);
    expect(plain.length).toBe(literal.length * times);
    for (let at = 0; at < times; at++) {
      expect(Buffer.compare(plain.subarray(at * 60_000, (at + 1) * 60_000), literal)).toBe(0);
    }
  });

  test("a reference to what is not there is corrupt", async () => {
    await expect(unsnap(Uint8Array.from([8, 0, 97, ((4 - 4) << 2) | 1, 9]))).rejects.toMatchObject({
      code: "corrupt",
    });
  });

  test("a cut block is corrupt", async () => {
    await expect(unsnap(Uint8Array.from([8, (5 - 1) << 2, 97]))).rejects.toMatchObject({ code: "corrupt" });
  });
});

test("an LZ4 block with an overlapping match", () => {
  // literal "ab", match of 6 at offset 2, then the last literal "z"
  const output = new Uint8Array(9);
  expect(decompressLz4Block(Uint8Array.from([0x22, 97, 98, 2, 0, 0x10, 122]), output)).toBe(9);
  expect(Buffer.from(output).toString()).toBe("ababababz");
});

test("an LZ4 block cannot write beyond its place", () => {
  expect(() => decompressLz4Block(Uint8Array.from([0x22, 97, 98, 2, 0]), new Uint8Array(4))).toThrow(
    expect.objectContaining({ code: "corrupt" }),
  );
});

describe("levels", () => {
  test("runs and packed values mixed", () => {
    // a run of 3 x 1, then 8 packed values of 1 bit: 10110010 from the lowest bit on
    const bytes = Uint8Array.from([3 << 1, 1, (1 << 1) | 1, 0b01001101]);
    expect(Array.from(decodeHybrid(bytes, 1, 11))).toEqual([1, 1, 1, 1, 0, 1, 1, 0, 0, 1, 0]);
  });

  test("packed values of any width come back", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 20 }),
        fc.array(fc.nat(), { minLength: 1, maxLength: 40 }),
        (width, raw) => {
          const values = raw.map((value) => value % 2 ** width);
          const groups = Math.ceil(values.length / 8);
          const packed = new Uint8Array(groups * width);
          for (const [at, value] of values.entries()) {
            for (let bit = 0; bit < width; bit++) {
              const place = at * width + bit;
              if ((value >> bit) & 1) packed[place >> 3] = (packed[place >> 3] ?? 0) | (1 << (place & 7));
            }
          }
          const bytes = Uint8Array.from([...varint(groups * 2 + 1), ...packed]);
          expect(Array.from(decodeHybrid(bytes, width, values.length))).toEqual(values);
        },
      ),
    );
  });
});

test("deltas: first value, then blocks of differences", async () => {
  // block of 128 in 4 miniblocks, 5 values from 7 on: 7 5 3 1 2 (parquet-format, example 2 is 7 5 3 1 2 3 4 5)
  const bytes = Uint8Array.from([128, 1, 4, 5, 14, 3, 2, 0, 0, 0, 0b11000000, 0, 0, 0, 0, 0, 0, 0]);
  const source = createByteReader(inPieces(Uint8Array.from([...bytes, 99]), 3));
  expect(await decodeDeltas(source, 5)).toEqual([7, 5, 3, 1, 2]);
  expect(Array.from(await source.take(1))).toEqual([99]);
});

describe("what is damaged is corrupt, at once and in little memory", () => {
  const few = (bytes: number[]) => createByteReader(inPieces(Uint8Array.from(bytes), 64));
  const cases: [what: string, read: () => unknown][] = [
    ["a header nested a million deep", () => readThrift(new Uint8Array(1_000_000).fill(0x19))],
    ["a header with a field of no type", () => readThrift(Uint8Array.of(0x1e))],
    ["an LZ4 frame that ends in its head", () => decompressLz4Frame(Uint8Array.of(4, 0x22), 10)],
    [
      "an LZ4 frame of terabytes",
      () => decompressLz4Frame(Uint8Array.of(4, 0x22, 0x4d, 0x18, 0x60, 0x40, 0x82), 1e12),
    ],
    ["levels of 200 bits", () => decodeHybrid(Uint8Array.of(3, 1, 2, 3), 200, 8)],
    ["levels that end early", () => decodeHybrid(Uint8Array.of(9, 1), 8, 32)],
    [
      "two billion deltas without a byte",
      () => decodeDeltas(few([128, 1, 4, 255, 255, 255, 255, 7, 0, 2, 0, 0, 0, 0]), 5),
    ],
    ["deltas of 200 bits", () => decodeDeltas(few([128, 1, 4, 5, 0, 0, 200, 0, 0, 0]), 5)],
  ];
  test.each(cases)("%s", async (_, read) => {
    await expect((async () => read())()).rejects.toMatchObject({ code: "corrupt" });
  });
});
