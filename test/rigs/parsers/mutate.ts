import type { Random } from "../random.ts";

/** A damaged copy: a few of the ways in which disks, networks and attackers damage files. */
export function mutate(bytes: Uint8Array, random: Random): Buffer {
  let mutated: Buffer = Buffer.from(bytes);
  for (let left = 1 + random.below(4); left > 0 && mutated.length > 0; left--) {
    mutated = random.pick(WAYS)(mutated, random);
  }
  return mutated;
}

type Way = (bytes: Buffer, random: Random) => Buffer;

const flip: Way = (bytes, random) => {
  const at = random.below(bytes.length);
  bytes[at] = (bytes[at] ?? 0) ^ (1 << random.below(8));
  return bytes;
};

const cut: Way = (bytes, random) => bytes.subarray(0, random.below(bytes.length + 1));

/** A number of 1 to 8 bytes becomes one of those that lengths must not be. */
const length: Way = (bytes, random) => {
  const size = random.pick([1, 2, 4, 8]);
  const at = random.below(Math.max(1, bytes.length - size));
  const value = random.pick([
    0n,
    1n,
    0x7fn,
    0x80n,
    0x7fffffffn,
    0x80000000n,
    0xffffffffn,
    0x7fffffffffffffffn,
    -1n,
  ]);
  const number = Buffer.alloc(8);
  number.writeBigUInt64LE(BigInt.asUintN(64, value));
  number.copy(bytes, at, 0, Math.min(size, bytes.length - at));
  return bytes;
};

const piece = (bytes: Buffer, random: Random) => {
  const from = random.below(bytes.length);
  return bytes.subarray(from, Math.min(bytes.length, from + 1 + random.below(64)));
};

const splice: Way = (bytes, random) => {
  const at = random.below(bytes.length + 1);
  return Buffer.concat([bytes.subarray(0, at), piece(bytes, random), bytes.subarray(at)]);
};

const drop: Way = (bytes, random) => {
  const gone = piece(bytes, random);
  const at = random.below(bytes.length - gone.length + 1);
  return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + gone.length)]);
};

const overwrite: Way = (bytes, random) => {
  Buffer.from(piece(bytes, random)).copy(bytes, random.below(bytes.length));
  return bytes;
};

const zero: Way = (bytes, random) => {
  const from = random.below(bytes.length);
  return bytes.fill(0, from, Math.min(bytes.length, from + 1 + random.below(32)));
};

/** The same byte or bracket over and over: what is nested by recursion ends up deep. */
const nest: Way = (bytes, random) => {
  const at = random.below(bytes.length + 1);
  const token = random.pick([
    "[",
    '{"a":',
    "(",
    '"',
    ",",
    ";",
    Buffer.of(bytes[at] ?? 0x19),
    Buffer.of(0x19),
    Buffer.of(0x1c),
  ]);
  const times = random.pick([10, 1000, 100_000]);
  const many = Buffer.alloc(times * Buffer.byteLength(token), token);
  return Buffer.concat([bytes.subarray(0, at), many, bytes.subarray(at)]);
};

const WAYS: readonly Way[] = [flip, flip, flip, cut, length, length, splice, drop, overwrite, zero, nest];
