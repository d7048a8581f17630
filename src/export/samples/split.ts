import type { SplitShares } from "../../schema/samples.ts";

/** The part of a row, by the values of its columns. */
export type SplitOf = (cell: (name: string) => string | undefined) => string;

/**
 * The part that a group of rows falls into: by a hash of its name alone, so that the same rows fall the same way whatever
 * else is there.
 */
export function splitOfGroup(shares: SplitShares, group: string): string {
  const digest = new Bun.CryptoHasher("sha256").update(`split\n${group}`).digest();
  const place = Buffer.from(digest).readUIntBE(0, 6) / 2 ** 48;
  let end = 0;
  let last = "";
  for (const [name, share] of Object.entries(shares)) {
    end += share;
    last = name;
    if (place < end) return name;
  }
  return last; // of shares that end a hair below 1
}
