import { expect, setDefaultTimeout, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { describeUpload } from "../../src/cli/commands/process/job-text.ts";
import { AppError } from "../../src/errors.ts";
import { ChildDeath, type WorkChild } from "../../src/jobs/child-process.ts";
import { processWithRetries } from "../../src/jobs/crash-policy.ts";
import { KILLED_TWICE } from "../../src/jobs/pool.ts";
import { runJob } from "../../src/jobs/run-job.ts";
import { readUploadManifest } from "../../src/lake/manifests.ts";
import { createLogger, silentLogger } from "../../src/log.ts";
import type { JobRecord } from "../../src/schema/job.ts";
import { createJobId } from "../../src/schema/names.ts";
import { signalProcess } from "../signal-process.ts";
import { makeImage, makeWorld, readRejects, readRows, stageUpload, type World } from "./staging-kit.ts";

setDefaultTimeout(120_000);

const POISON = [process.execPath, join(import.meta.dir, "poison-main.ts")];

async function runPoisoned(world: World, onChange?: (record: JobRecord) => void): Promise<JobRecord> {
  const { lake, settings } = world;
  return runJob({
    lake,
    settings,
    selfCommand: POISON,
    logger: silentLogger,
    signal: new AbortController().signal,
    ...(onChange ? { onChange } : {}),
  });
}

async function stagePages(world: World, names: string[]): Promise<string> {
  const images = await Promise.all(names.map((_, at) => makeImage(at)));
  return stageUpload(
    world,
    names.map((name, at) => ({ text: name, name, ...(images[at] ? { image: images[at] } : {}) })),
    { max_rejects: "2" },
  );
}

for (const poison of ["exit", "kill"]) {
  test(`an image that makes its worker ${poison} costs its row, not the job`, async () => {
    const world = await makeWorld();
    const names = Array.from({ length: 50 }, (_, at) =>
      at === 7 || at === 31 ? `${poison}-${at}` : `${at}`,
    );
    const uploadId = await stagePages(world, names);
    const next = await stageUpload(world, [{ text: "next" }], { variant: "text" });
    const record = await runPoisoned(world);
    expect(
      record.uploads.map(({ upload_id, status, rows, rejected }) => [upload_id, status, rows, rejected]),
    ).toEqual([
      [uploadId, "completed", 48, 2],
      [next, "completed", 1, 0],
    ]);
    expect((await readRejects(world, uploadId)).map((row) => [row.source_row, row.reason])).toEqual([
      [7, KILLED_TWICE],
      [31, KILLED_TWICE],
    ]);
    expect((await readRows(world)).map((row) => row.text)).toEqual(
      names.filter((_, at) => at !== 7 && at !== 31),
    );
    expect(await readdir(world.lake.layout.processing)).toEqual([]);
  });
}

test("a child killed from outside is started again and nothing is blamed", async () => {
  const world = await makeWorld();
  const names = Array.from({ length: 60 }, (_, at) => `${at}`);
  await stagePages(world, names);
  const killed = new Set<number>();
  const record = await runPoisoned(world, (now) => {
    if (killed.size > 0 || now.progress.step !== "assets hub/pages") return;
    for (const pid of childrenOf(process.pid)) {
      killed.add(pid);
      signalProcess(pid, "SIGKILL");
    }
  });
  expect(killed.size).toBe(1);
  expect(record.uploads).toMatchObject([{ status: "completed", rows: 60, rejected: 0 }]);
  expect((await readRows(world)).map((row) => row.text)).toEqual(names);
});

test("an upload at which every child dies without a suspect fails, the next one does not", async () => {
  const world = await makeWorld();
  const image = await makeImage(1);
  const doomed = await stageUpload(world, [{ text: "a", name: "a", image }], { dataset: "doomed" });
  const fine = await stageUpload(world, [{ text: "a", name: "a", image }], { dataset: "fine" });
  const record = await runPoisoned(world, (now) => {
    if (now.progress.step !== "checking hub/doomed") return;
    for (const pid of childrenOf(process.pid)) signalProcess(pid, "SIGKILL");
  });
  expect(record.uploads.map(({ upload_id, status, error }) => [upload_id, status, error?.code])).toEqual([
    [doomed, "failed", "worker_crashed"],
    [fine, "completed", undefined],
  ]);
  expect(await readdir(world.lake.layout.failed)).toEqual([doomed]);
});

test("a job that is stopped while it publishes has not failed, and the next one publishes", async () => {
  const world = await makeWorld();
  await stagePages(world, ["a"]);
  const { lake, settings } = world;
  const controller = new AbortController();
  const lines: string[] = [];
  const job = {
    lake,
    settings,
    selfCommand: POISON,
    logger: createLogger({ write: (line) => lines.push(line) }, "info"),
  };
  const stopped = await runJob({
    ...job,
    signal: controller.signal,
    onChange: ({ progress }) => {
      if (progress.step !== "publishing the catalog") return;
      // The child has been asked to publish by then.
      setImmediate(() => controller.abort(new AppError("shutting_down", "the server is stopping")));
    },
  });
  expect(stopped).toMatchObject({ status: "queued", uploads: [{ status: "completed" }] });
  expect(lines.filter((line) => line.includes('"level":"error"'))).toEqual([]);
  const next = await runJob({ ...job, signal: new AbortController().signal, record: stopped });
  expect(next).toMatchObject({ status: "completed", uploads: [{ status: "completed" }] });
});

test("a cancelled job hands its upload back as it was", async () => {
  const world = await makeWorld();
  const uploadId = await stagePages(
    world,
    Array.from({ length: 40 }, (_, at) => `${at}`),
  );
  const { lake, settings } = world;
  const controller = new AbortController();
  const record = await runJob({
    lake,
    settings,
    selfCommand: POISON,
    logger: silentLogger,
    signal: controller.signal,
    onChange: ({ progress }) => {
      if (progress.step.startsWith("checking")) controller.abort();
    },
  });
  expect(record.status).toBe("cancelled");
  expect(record.uploads).toMatchObject([{ upload_id: uploadId, status: "cancelled" }]);
  expect(record.uploads.map(describeUpload)).toEqual([
    `${uploadId} hub/pages/raw/image: stopped; it stays staged: \`datalake process start --wait\` goes on with it`,
  ]);
  expect(await readdir(lake.layout.pending)).toEqual([uploadId]);
  expect((await readdir(join(lake.layout.pending, uploadId))).sort()).toEqual([
    "data.parquet",
    "files",
    "upload.json",
  ]);
  expect((await runPoisoned(world)).uploads).toMatchObject([{ status: "completed", rows: 40 }]);
});

/** The working children of a process, from /proc. */
function childrenOf(parent: number): number[] {
  const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  return pids.map(Number).filter((pid) => {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
      const isChild = Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]) === parent;
      return isChild && readFileSync(`/proc/${pid}/cmdline`, "utf8").includes("__work");
    } catch {
      return false; // it ended meanwhile
    }
  });
}

test("an upload whose child had to be killed after Ctrl-C is named, not unknown", async () => {
  const world = await makeWorld();
  const uploadId = await stagePages(world, ["0"]);
  const manifest = await readUploadManifest(world.lake.layout.upload("pending", uploadId));
  const controller = new AbortController();
  const dying = {
    process: async () => {
      controller.abort();
      throw new ChildDeath(null, "SIGKILL");
    },
  };
  const cancel = (child: object) =>
    processWithRetries(
      { upload_id: uploadId, manifest },
      {
        lake: world.lake,
        logger: silentLogger,
        signal: controller.signal,
        jobId: createJobId(),
        folder: world.folder,
        child: async () => child as WorkChild,
        dropChild: () => {},
      },
    );
  const key = { provider: "hub", dataset: "pages", task: "raw", variant: "image" };
  expect(await cancel(dying)).toMatchObject({ ...key, status: "cancelled" });
  // A child that had nothing to cancel yet is asked for nothing.
  expect(await cancel({})).toMatchObject({ ...key, status: "cancelled" });
  expect(await readdir(world.lake.layout.pending)).toEqual([uploadId]);
});
