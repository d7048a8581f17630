import { expect, test } from "bun:test";
import { hashBytes } from "../../src/lake/digest.ts";
import { createSha256 } from "../../src/web/upload/sha256.ts";

const BYTES = Uint8Array.from({ length: 1000 }, (_, at) => (at * 131 + (at >> 3)) % 256);

test("the digest of every length is that of the platform, however it is cut", () => {
  for (let length = 0; length <= 300; length++) {
    const whole = BYTES.subarray(0, length);
    const expected = hashBytes(whole);
    for (const step of [1, 7, 63, 64, 65, 1000]) {
      const hash = createSha256();
      for (let at = 0; at < length; at += step) hash.update(whole.subarray(at, at + step));
      expect(hash.digest()).toBe(expected);
    }
  }
});

test("a digest on the way is that of what came so far", () => {
  const hash = createSha256();
  for (let at = 0; at < BYTES.length; at += 100) {
    hash.update(BYTES.subarray(at, at + 100));
    expect(hash.digest()).toBe(hashBytes(BYTES.subarray(0, at + 100)));
  }
});
