import { expect, test } from "bun:test";
import { mkdir, open, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { AppError } from "../../src/errors.ts";
import { claimUpload, failUpload, removeSettled } from "../../src/jobs/staging.ts";
import { sweepSettled } from "../../src/jobs/sweep.ts";
import { isKeptForReader, moveFolder, removeFolder } from "../../src/lake/folders.ts";
import { initLake } from "../../src/lake/lake.ts";
import { createUploadId } from "../../src/schema/names.ts";
import { mountTwo } from "../rigs/fuse/two-mounts.ts";
import { until } from "../server/server-kit.ts";

const caught = (work: Promise<unknown>) =>
  work.then(
    () => undefined,
    (error) => error,
  );

test("a folder that somebody reads in is moved when he ends, and else told to be in use", async () => {
  await using mounts = await mountTwo({ behaviour: "smb" });
  const [from, to] = [join(mounts.a.at, "from"), join(mounts.a.at, "to")];
  await mkdir(from);
  await writeFile(join(from, "file"), "x");
  const reader = await open(join(from, "file"));
  const error = await caught(moveFolder(from, to, 200));
  expect(error).toBeInstanceOf(AppError);
  expect([error.code, error.details.errno]).toEqual(["in_use", "EACCES"]);
  expect(error.message).not.toContain("owner");
  expect(await readdir(mounts.backing)).toEqual(["from"]);
  const moving = moveFolder(from, to);
  await reader.close();
  await moving;
  expect(await readdir(mounts.backing)).toEqual(["to"]);
  // A name that is taken is not waited for.
  await mkdir(from);
  const startedMs = performance.now();
  expect((await caught(moveFolder(from, to, 120_000))).code).toMatch(/^E/);
  expect(performance.now() - startedMs).toBeLessThan(60_000);
});

test("what somebody has open of a folder that is removed goes with the next sweep", async () => {
  for (const behaviour of ["smb", "stale"] as const) {
    await using mounts = await mountTwo({ behaviour });
    const { lake } = await initLake(join(mounts.a.at, "lake"));
    const backing = join(mounts.backing, "lake/staging/processing");
    const id = createUploadId();
    const folder = lake.layout.upload("processing", id);
    const place = async () => {
      await mkdir(folder);
      for (const name of ["data.parquet", "upload.json"]) await writeFile(join(folder, name), "x");
    };
    await place();
    const reader = await open(join(folder, "upload.json"));
    if (behaviour === "stale") {
      // The folder itself moves: what is open stays in it under a name of the mount's own.
      await removeSettled(lake, id, async () => {});
      const [left = "", ...others] = await readdir(backing);
      expect([left, others]).toEqual([`.settled-${id}`, []]);
      expect((await readdir(join(backing, left))).every(isKeptForReader)).toBe(true);
    } else {
      await removeFolder(folder, 200);
      expect((await readdir(backing)).filter((name) => !name.startsWith("."))).toEqual([id]);
    }
    await reader.close();
    if (behaviour === "smb") await removeSettled(lake, id, async () => {});
    // The server hears of the end of a reader a moment after he was told that it is done.
    await until(async () => {
      await sweepSettled(lake, () => {});
      return (await readdir(backing)).length === 0;
    });
  }
});

test("an upload that somebody reads in is claimed and settled once he ends", async () => {
  await using mounts = await mountTwo({ behaviour: "smb" });
  const { lake } = await initLake(join(mounts.a.at, "lake"));
  const id = createUploadId();
  const pending = lake.layout.upload("pending", id);
  await mkdir(pending);
  await writeFile(join(pending, "upload.json"), "x");
  const first = await open(join(pending, "upload.json"));
  const claim = claimUpload(lake, id);
  await Bun.sleep(200);
  await first.close();
  const folder = await claim;
  const second = await open(join(folder, "upload.json"));
  const failing = failUpload(lake, id, new AppError("invalid_input", "no"));
  await Bun.sleep(200);
  await second.close();
  await failing;
  expect((await readdir(join(mounts.backing, "lake/staging/failed", id))).sort()).toEqual([
    "error.json",
    "upload.json",
  ]);
});
