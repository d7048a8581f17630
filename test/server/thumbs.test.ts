import { afterEach, beforeEach, expect, test } from "bun:test";
import { exists, mkdtemp, rm, utimes } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { createThumbs } from "../../src/server/page/thumbs.ts";
import { PROGRAM } from "../jobs/staging-kit.ts";
import { until } from "./server-kit.ts";

const SMALL = { side: 256, frame: 0 };
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
      thumbs.fileOf(first, SMALL, here.signal),
      thumbs.fileOf(wanted, SMALL, gone.signal),
      thumbs.fileOf(wanted, SMALL, here.signal),
      thumbs.fileOf(given, SMALL, gone.signal),
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

test("what an earlier server left is brought within the bound", async () => {
  const cache = join(folder, "cache");
  const [old, recent] = [join(cache, "aa", "old.webp"), join(cache, "bb", "recent.webp")];
  for (const path of [old, recent]) await Bun.write(path, Buffer.alloc(5000));
  await utimes(old, new Date(0), new Date(0));
  const thumbs = createThumbs({ selfCommand: PROGRAM, folder: cache, maxBytes: 8000 });
  try {
    const made = await thumbs.fileOf(await asset("4"), SMALL, new AbortController().signal);
    await until(async () => !(await exists(old)));
    expect([await exists(recent), await exists(made)]).toEqual([true, true]);
  } finally {
    thumbs.close();
  }
});
