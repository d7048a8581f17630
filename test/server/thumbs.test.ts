import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { createThumbs } from "../../src/server/page/thumbs.ts";
import { PROGRAM } from "../jobs/staging-kit.ts";

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "thumbs-"));
});
afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

async function asset(digit: string) {
  const path = join(folder, `${digit}.png`);
  const create = { width: 300, height: 200, channels: 3, background: "white" } as const;
  await sharp({ create }).png().toFile(path);
  return { path, hash: digit.repeat(64) };
}

test("a thumbnail is made while one of those who asked for it still waits", async () => {
  const thumbs = createThumbs({ selfCommand: PROGRAM, folder: join(folder, "cache") });
  try {
    const [first, wanted, given] = [await asset("1"), await asset("2"), await asset("3")];
    const [gone, here] = [new AbortController(), new AbortController()];
    const asked = [
      thumbs.fileOf(first, here.signal),
      thumbs.fileOf(wanted, gone.signal),
      thumbs.fileOf(wanted, here.signal),
      thumbs.fileOf(given, gone.signal),
    ];
    gone.abort();
    const [, , stays, nobody] = await Promise.allSettled(asked);
    expect(nobody).toMatchObject({ status: "rejected", reason: { code: "cancelled" } });
    if (stays?.status !== "fulfilled") throw stays?.reason;
    expect(await sharp(stays.value).metadata()).toMatchObject({ width: 256, format: "webp" });
  } finally {
    thumbs.close();
  }
});
