/** The server's side of jobs: what arrives while one is at its end. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { readdir } from "node:fs/promises";
import { createSupervisor, type Supervisor } from "../../src/jobs/supervisor.ts";
import { silentLogger } from "../../src/log.ts";
import { isTerminal, type JobRecord } from "../../src/schema/job.ts";
import { makeImage, makeWorld, PROGRAM, stageUpload, type World } from "./staging-kit.ts";

setDefaultTimeout(120_000);

const stagePage = async (world: World, dataset: string) =>
  stageUpload(world, [{ text: dataset, image: await makeImage(1), name: `${dataset}.jpg` }], { dataset });

/** Runs jobs until none runs; `atEnd` is called once, between the first one's last look at the queue and its end. */
async function runJobs(world: World, atEnd: (supervisor: Supervisor) => Promise<void>): Promise<JobRecord[]> {
  let isCalled = false;
  const ended: JobRecord[] = [];
  const supervisor = createSupervisor({
    lake: world.lake,
    settings: world.settings,
    selfCommand: PROGRAM,
    logger: silentLogger,
    // Asked for before each write of the job's record: the last one says how it ended.
    confirm: async () => {
      const job = supervisor.running();
      if (isCalled || job === undefined || !isTerminal(job)) return;
      isCalled = true;
      await atEnd(supervisor);
    },
  });
  const idle = Promise.withResolvers<void>();
  supervisor.subscribe((job) => {
    if (!isTerminal(job)) return;
    ended.push(structuredClone(job));
    // The next one, if any, is launched in the same turn.
    queueMicrotask(() => supervisor.running() ?? idle.resolve());
  });
  supervisor.start();
  await idle.promise;
  await supervisor.stop();
  return ended;
}

test("an upload that comes after a job's last look at the queue is processed by the next one", async () => {
  const world = await makeWorld();
  const first = await stagePage(world, "first");
  let late = "";
  let promised = "";
  const jobs = await runJobs(world, async (supervisor) => {
    late = await stagePage(world, "late");
    const { status, job_id } = supervisor.start();
    promised = job_id;
    expect(status).toBe("started");
    expect(supervisor.start().job_id).toBe(promised);
    expect(await supervisor.job(promised)).toMatchObject({ status: "queued" });
  });
  const uploads = jobs.map((job) => job.uploads.map(({ upload_id, status }) => [upload_id, status]));
  expect(uploads).toEqual([[[first, "completed"]], [[late, "completed"]]]);
  expect(jobs[1]?.job_id).toBe(promised);
  expect(await readdir(world.lake.layout.pending)).toEqual([]);
});

test("uploads staged and started one after the other are each in the job that was named", async () => {
  const world = await makeWorld();
  const { lake, settings } = world;
  const supervisor = createSupervisor({ lake, settings, selfCommand: PROGRAM, logger: silentLogger });
  const taken = new Map<string, string>();
  const idle = Promise.withResolvers<void>();
  let isLast = false;
  supervisor.subscribe((job) => {
    if (!isTerminal(job)) return;
    for (const { upload_id } of job.uploads) taken.set(upload_id, job.job_id);
    queueMicrotask(() => isLast && (supervisor.running() ?? idle.resolve()));
  });
  const named = new Map<string, string>();
  for (let at = 0; at < 12; at++) {
    const uploadId = await stagePage(world, `d${at}`);
    isLast = at === 11;
    named.set(uploadId, supervisor.start().job_id);
  }
  await idle.promise;
  await supervisor.stop();
  // An upload may have been taken before its start was asked for; none is left, and none is taken by a later one.
  expect(taken.size).toBe(12);
  for (const [uploadId, jobId] of named) expect((taken.get(uploadId) ?? "") <= jobId).toBe(true);
});
