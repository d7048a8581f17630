import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdir, mkdtemp, readdir, rm, stat, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { boundFolder, markUsed } from "../../src/lake/bound-folder.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "bound-folder-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const EMPTY = 0;

test("those not used for longest are removed first", async () => {
  await mkdir(join(folder, "ab"));
  for (const [at, name] of ["first", "second", "third"].entries()) {
    await writeFile(join(folder, "ab", name), "x".repeat(10));
    await utimes(join(folder, "ab", name), at, at);
  }
  await markUsed(join(folder, "ab", "first"));
  await boundFolder(folder, 25);
  expect((await readdir(join(folder, "ab"))).sort()).toEqual(["first", "third"]);
});

test("several at once have nothing to complain of, nor one of a folder that is not there", async () => {
  for (let at = 0; at < 300; at++) await writeFile(join(folder, String(at)), "x");
  await Promise.all([1, 2, 3, 4].map((delay) => Bun.sleep(delay).then(() => boundFolder(folder, EMPTY))));
  expect((await readdir(folder)).filter((name) => name !== "ab")).toEqual([]);
  await boundFolder(join(folder, "absent"), EMPTY);
  await markUsed(join(folder, "absent"));
  await expect(stat(join(folder, "absent"))).rejects.toThrow();
});
