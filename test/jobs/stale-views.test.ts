import { expect, test } from "bun:test";
import { mkdir, readdir, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { examineLake } from "../../src/jobs/doctor/doctor.ts";
import { createJobRecord, findDamagedJobs } from "../../src/jobs/records.ts";
import { readStaged } from "../../src/jobs/staged-uploads.ts";
import { writeJson } from "../../src/lake/json-file.ts";
import { describeLake } from "../../src/lake/lake.ts";
import { createUploadLayout } from "../../src/lake/layout.ts";
import { readPartitionMetadata } from "../../src/lake/manifests.ts";
import { DEFAULT_MODES } from "../../src/lake/modes.ts";
import { createView, type View } from "../../src/lake/view.ts";
import { commit, KEY, makeManifest, type Workbench, withLake } from "../catalog/lakes.ts";

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
      staleMs: 1600,
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
      staleMs: 1600,
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
    expect(await codes({ staleMs: 1600, onWait: () => void writeFile(path, whole) })).toEqual([]);
  }));
