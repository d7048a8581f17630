/** What a host that was silent for too long must not do any more, and what may be left of what it did late. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { mkdir, readdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { jobExit } from "../../src/cli/commands/process/job-text.ts";
import { readJob } from "../../src/jobs/records.ts";
import { runJob } from "../../src/jobs/run-job.ts";
import { removeSettled } from "../../src/jobs/staging.ts";
import { sweepWork } from "../../src/jobs/sweep.ts";
import { acquireLease } from "../../src/lake/lease.ts";
import { silentLogger } from "../../src/log.ts";
import { createUploadId } from "../../src/schema/names.ts";
import { makeWorld, PROGRAM, stageUpload, type World } from "./staging-kit.ts";

setDefaultTimeout(120_000);

let world: World;
beforeAll(async () => {
  world = await makeWorld();
});
afterAll(() => rm(world.folder, { recursive: true, force: true }));

async function makeFolder(state: "pending" | "processing" | "failed"): Promise<string> {
  const uploadId = createUploadId();
  const folder = world.lake.layout.upload(state, uploadId);
  await mkdir(folder);
  await writeFile(join(folder, "upload.json"), "{}");
  return uploadId;
}

test.each(["processing", "failed", "pending"] as const)(
  "a committed upload goes from %s, where a late move may have put it, and its move is durable before its files go",
  async (state) => {
    const { lake } = world;
    const uploadId = await makeFolder(state);
    let seen: string[] = [];
    await removeSettled(lake, uploadId, async () => {
      seen = await readdir(lake.layout.settled(uploadId));
    });
    expect(seen).toEqual(["upload.json"]);
    const { pending, processing, failed } = lake.layout;
    expect(
      (await Promise.all([pending, processing, failed].map((folder) => readdir(folder)))).flat(),
    ).toEqual([]);
  },
);

test("what another left of the same upload on its way out is no hindrance", async () => {
  const { lake } = world;
  const uploadId = await makeFolder("processing");
  await rename(lake.layout.upload("processing", uploadId), lake.layout.settled(uploadId));
  await mkdir(lake.layout.upload("processing", uploadId));
  await writeFile(join(lake.layout.upload("processing", uploadId), "upload.json"), "{}");
  await removeSettled(lake, uploadId, async () => {});
  expect(await readdir(lake.layout.processing)).toEqual([]);
});

test("who takes the work over removes what others had on its way into the catalog, and nothing else", async () => {
  const { lake } = world;
  await mkdir(lake.layout.work("of-another"));
  await writeFile(join(lake.layout.work("of-another"), "data.parquet.tmp"), "rows");
  await writeFile(join(lake.layout.jobs, "kept.json"), "{}");
  await sweepWork(lake, (_, error) => {
    throw error;
  });
  expect(await readdir(lake.layout.jobs)).toEqual(["kept.json"]);
  await rm(join(lake.layout.jobs, "kept.json"));
});

test("a job whose lease another has taken settles nothing, and leaves its record to that one", async () => {
  const { lake, settings } = world;
  const uploadId = await stageUpload(world, [{ text: "a" }], { content: null, variant: "text" });
  const lease = await acquireLease(lake.layout.processLease, { purpose: "a test" });
  const controller = new AbortController();
  const record = await runJob({
    lake,
    settings,
    selfCommand: PROGRAM,
    logger: silentLogger,
    signal: controller.signal,
    confirm: lease.confirm,
    onChange: ({ progress }) => {
      if (!progress.step.startsWith("checking")) return;
      void lease.release().then(() => controller.abort());
    },
  });
  expect(record).toMatchObject({ status: "failed", error: { code: "locked" } });
  expect(jobExit(record)).toBe(5);
  expect(await readdir(lake.layout.failed)).toEqual([]);
  const left = await readJob(lake, record.job_id);
  expect(left.status).toBe("running");
  const again = await runJob({
    lake,
    settings,
    selfCommand: PROGRAM,
    logger: silentLogger,
    signal: new AbortController().signal,
    record: left,
  });
  expect(again).toMatchObject({
    status: "completed",
    uploads: [{ upload_id: uploadId, status: "completed" }],
  });
  expect(await readdir(lake.layout.processing)).toEqual([]);
});
