import { expect, test } from "bun:test";
import { mkdir, readdir, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { examineLake } from "../../src/doctor/doctor.ts";
import type { AppError } from "../../src/errors.ts";
import { findSizes } from "../../src/export/image-column.ts";
import { createJobRecord, findDamagedJobs } from "../../src/jobs/records.ts";
import { readStaged } from "../../src/jobs/staged-uploads.ts";
import { openWork } from "../../src/jobs/work.ts";
import { writeJson } from "../../src/lake/json-file.ts";
import { describeLake, type Lake } from "../../src/lake/lake.ts";
import { createUploadLayout } from "../../src/lake/layout.ts";
import { describeSelf } from "../../src/lake/lease-holder.ts";
import { explainLoss, isOfTheView } from "../../src/lake/lost.ts";
import { readPartitionMetadata } from "../../src/lake/manifests.ts";
import { DEFAULT_MODES } from "../../src/lake/modes.ts";
import { createView, type View } from "../../src/lake/view.ts";
import { silentLogger } from "../../src/log.ts";
import { commit, KEY, makeManifest, type Workbench, withLake } from "../catalog/lakes.ts";
import { makeWorld, stageUpload } from "./staging-kit.ts";

/** More than it takes until what comes late is there; somebody is told after two seconds. */
const LONG_MS = 60_000;

/** The lake of a bench as on a mount that may lag. */
function lagging({ lake }: Workbench, more: Partial<View>) {
  return describeLake(lake.root, DEFAULT_MODES, createView({ mayLag: async () => true, ...more }));
}

async function complain(bench: Workbench, view: Partial<View>) {
  const lake = lagging(bench, view);
  const { settings } = bench;
  const signal = new AbortController().signal;
  const run = examineLake({ lake, settings, full: false, signal, onProgress: () => {} });
  const found = await Array.fromAsync(run);
  return found.filter(({ status, name }) => status !== "ok" && name === "uploads");
}

/** A folder of an upload without its manifest, as a stale listing shows one that was settled meanwhile. */
async function ghost({ lake }: Workbench, uploadId: string): Promise<string> {
  const folder = lake.layout.upload("pending", uploadId);
  await mkdir(folder, { recursive: true });
  return folder;
}

test("doctor tells of an upload without its manifest only when that lasts on a mount that may lag", () =>
  withLake(async (bench) => {
    const folder = await ghost(bench, makeManifest("create").upload_id);
    const lasting = await complain(bench, { staleMs: 100 });
    expect(lasting.map(({ status, message }) => [status, message.includes("has no upload.json")])).toEqual([
      ["problem", true],
    ]);
    const said: string[] = [];
    const gone = await complain(bench, {
      staleMs: LONG_MS,
      onWait: (message) => {
        said.push(message);
        void rm(folder, { recursive: true, force: true });
      },
    });
    expect(gone).toEqual([]);
    expect(said[0]).toContain(folder);
  }));

test("doctor never advises to upload again what stands in a partition's log", () =>
  withLake(async (bench) => {
    await commit(bench, "create", "SELECT 1 AS id");
    const uploadId = (await readPartitionMetadata(bench.lake, KEY))?.uploads[0]?.upload_id ?? "";
    for (const left of await readdir(bench.lake.layout.processing)) {
      await rm(join(bench.lake.layout.processing, left), { recursive: true });
    }
    await ghost(bench, uploadId);
    for (const found of [
      await complain(bench, { staleMs: 50 }),
      await complain(bench, { mayLag: async () => false }),
    ]) {
      expect(found.map(({ status, advice }) => [status, advice])).toEqual([
        ["warning", "remove the folders from staging; do not upload the data again"],
      ]);
    }
  }));

test("a list says of what it does not see whole that the mount may lag, and a job waits for it", () =>
  withLake(async (bench) => {
    const manifest = makeManifest("create");
    const folder = await ghost(bench, manifest.upload_id);
    const [listed] = (await readStaged(lagging(bench, {}), ["pending"])).uploads;
    expect(listed?.problem).toEqual({
      code: "not_whole",
      message: expect.stringContaining("may show an old state"),
    });
    const place = createUploadLayout(folder).manifest.stagedAt;
    const lake = lagging(bench, {
      staleMs: LONG_MS,
      onWait: () => void writeFile(place, JSON.stringify(manifest)),
    });
    const [waited] = (await readStaged(lake, ["pending"], { patient: true })).uploads;
    expect(waited?.manifest).toEqual(manifest);
    expect(
      (await readStaged(lake, ["pending"], { patient: true, without: new Set([manifest.upload_id]) }))
        .uploads,
    ).toEqual([]);
  }));

test("a job's record that is seen cut off is not damaged where the mount may lag", () =>
  withLake(async (bench) => {
    const record = createJobRecord();
    const path = bench.lake.layout.job(record.job_id);
    await writeJson(path, record);
    const whole = await readFile(path);
    await truncate(path, 200);
    const codes = async (view: Partial<View>) =>
      (await findDamagedJobs(lagging(bench, view))).map(({ code }) => code);
    expect(await codes({ mayLag: async () => false })).toEqual(["corrupt"]);
    expect(await codes({ staleMs: 50 })).toEqual(["not_whole"]);
    expect(await codes({ staleMs: LONG_MS, onWait: () => void writeFile(path, whole) })).toEqual([]);
  }));

test("what is gone of a lake is told as a mount that was away, and not as a wrong path", () => {
  const lake = describeLake("/mnt/nas/lake");
  const gone = (path: string) => Object.assign(new Error(`ENOENT: open '${path}'`), { code: "ENOENT", path });
  const lost = explainLoss(lake, gone("/mnt/nas/lake/jobs/.work-1/data.parquet.tmp")) as AppError;
  expect([lost.code, isOfTheView(lost)]).toEqual(["io", true]);
  expect(lost.message).toContain("process start");
  expect(lost.message).not.toContain("check the path");
  for (const other of [gone("/home/kim/input.csv"), gone("/mnt/nas/lake-2/x"), new Error("ENOENT")]) {
    expect(explainLoss(lake, other)).toBe(other);
    expect(isOfTheView(other)).toBe(false);
  }
});

test("an upload whose manifest is not seen whole goes back to wait, and is processed when it is", async () => {
  const world = await makeWorld();
  const uploadId = await stageUpload(world, [{ text: "a" }]);
  const place = createUploadLayout(world.lake.layout.upload("pending", uploadId)).manifest.stagedAt;
  const whole = await readFile(place);
  await truncate(place, 50);
  const view = createView({ mayLag: async () => true, staleMs: 50 });
  const lake = describeLake(world.lake.root, DEFAULT_MODES, view);
  const work = await openWork({
    lake,
    settings: world.settings,
    jobId: createJobRecord().job_id,
    holder: await describeSelf("test"),
    logger: silentLogger,
    onProgress: () => {},
    confirm: async () => {},
    folder: join(world.folder, "work"),
    workerUrl: new URL("../../src/worker.ts", import.meta.url),
  });
  const message = { type: "process" as const, upload_id: uploadId, suspects: [], quarantined: [] };
  const left = await work.process(message, new AbortController().signal);
  expect([left.status, left.left_in, left.error?.code]).toEqual(["failed", "pending", "not_whole"]);
  await writeFile(place, whole);
  expect((await work.process(message, new AbortController().signal)).status).toBe("completed");
  await work.close();
});

test("an asset that is not seen is looked at again before it is missing on a mount that may lag", () =>
  withLake(async (bench) => {
    const path = "provider=a/dataset=b/ab/cd/x.jpg";
    const place = bench.lake.layout.asset(path);
    await mkdir(dirname(place), { recursive: true });
    const sizes = (lake: Lake) => findSizes(lake, [{ path, sourceName: null, bytes: 3 }, undefined]);
    // That time is waited for to its end: what comes late has all of it to be there.
    const appears = lagging(bench, { staleMs: 3000, onWait: () => void writeFile(place, "abc") });
    expect(await sizes(appears)).toEqual([3, 0]);
    await rm(place);
    expect(await sizes(lagging(bench, { staleMs: 50 }))).toEqual([undefined, 0]);
    const local = { mayLag: async () => false, staleMs: 3_600_000 };
    expect(await sizes(lagging(bench, local))).toEqual([undefined, 0]);
  }));
