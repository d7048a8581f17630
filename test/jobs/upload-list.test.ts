import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createJobRecord } from "../../src/jobs/records.ts";
import { listUploadsOf } from "../../src/jobs/upload-list.ts";
import { userName } from "../../src/lake/account.ts";
import { createUploadLayout } from "../../src/lake/layout.ts";
import { acquireLease } from "../../src/lake/lease.ts";
import { makeImage, makeWorld, runProgram, stageUpload, type World } from "./staging-kit.ts";

setDefaultTimeout(120_000);

let world: World;
let completed: string;
let failed: string;
let pending: string;
let mine: string;

/** Another account's upload is made this one's, or somebody's. */
async function giveTo(uploadId: string, owner: string): Promise<void> {
  const file = createUploadLayout(join(world.lake.layout.pending, uploadId)).manifest;
  const manifest = JSON.parse(await readFile(file.stagedAt, "utf8"));
  await writeFile(file.stagedAt, JSON.stringify({ ...manifest, created_by: owner }));
}

beforeAll(async () => {
  world = await makeWorld();
  const image = await makeImage(1);
  const row = { text: "a", name: "a.jpg", image };
  const bad = { text: "b", name: "b.jpg", missing: "f".repeat(64) };
  completed = await stageUpload(world, [row, bad], { max_rejects: "50%" });
  failed = await stageUpload(world, [row, bad, bad], { dataset: "bad", max_rejects: "0" });
  await runProgram(world, ["process", "start", "--wait", "--quiet"]);
  mine = await stageUpload(world, [row], { dataset: "mine" });
  await giveTo(mine, userName());
  await runProgram(world, ["process", "start", "--wait", "--quiet"]);
  pending = await stageUpload(world, [row], { dataset: "later" });
});

afterAll(() => rm(world.folder, { recursive: true, force: true }));

const list = async (...args: string[]) => {
  const { exit, stdout } = await runProgram(world, ["process", "list", "--json", ...args]);
  expect(exit).toBe(0);
  const { uploads } = JSON.parse(stdout) as { uploads: { upload_id: string }[] };
  return uploads.map(({ upload_id }) => upload_id);
};

test("every upload is told with its state, rows, rejects and age", async () => {
  const uploads = await listUploadsOf(world.lake, { completed: 10 });
  const told = uploads.map(({ upload_id, status, rows, rejected }) => [upload_id, status, rows, rejected]);
  expect(told).toEqual([
    [pending, "pending", 1, null],
    [failed, "failed", 3, 2],
    [mine, "completed", 1, 0],
    [completed, "completed", 1, 1],
  ]);
  expect(uploads[1]?.error?.code).toBe("too_many_rejects");
  expect(uploads.map(({ age_seconds }) => (age_seconds ?? 0) > 1000)).toEqual([true, true, true, true]);
  expect(uploads[3]).toMatchObject({
    uploaded_by: "tester",
    dataset: "pages",
    task: "raw",
    variant: "image",
  });
});

test("an account sees its own, and with --all those of everybody", async () => {
  expect(await list()).toEqual([mine]);
  expect(await list("--all")).toEqual([pending, failed, mine, completed]);
  expect(await list("--all", "--limit", "1")).toEqual([pending, failed, mine]);
  expect(
    (await listUploadsOf(world.lake, { owner: "tester", completed: 10 })).map((one) => one.upload_id),
  ).toEqual([pending, failed, completed]);
});

test("people read a table, with the reason of what failed below", async () => {
  const { stdout } = await runProgram(world, ["process", "list", "--all"]);
  const lines = stdout.split("\n");
  expect(lines[0]).toMatch(/^UPLOAD\s+STATE\s+PARTITION\s+ROWS\s+REJECTED\s+AGE\s+BY$/);
  expect(lines.some((line) => line.startsWith(completed) && line.includes("hub/pages/raw/image"))).toBe(true);
  expect(lines.some((line) => line.startsWith(`${failed} failed: 2 of 3 rows`))).toBe(true);
});

test("an upload that is tried again is pending, not completed or failed", async () => {
  await runProgram(world, ["process", "retry", failed]);
  const uploads = await listUploadsOf(world.lake, { completed: 10 });
  expect(uploads.filter(({ upload_id }) => upload_id === failed).map(({ status }) => status)).toEqual([
    "pending",
  ]);
});

test("what a killed process left is told to be continued by the next job", async () => {
  const { lake } = world;
  await rename(lake.layout.upload("pending", pending), lake.layout.upload("processing", pending));
  const record = { ...createJobRecord(), status: "running" as const };
  await writeFile(lake.layout.job(record.job_id), JSON.stringify(record));
  const left = "no process is working on it; the next job continues it: `datalake process start --wait`";
  const lines = (await runProgram(world, ["process", "list", "--all"])).stdout.split("\n");
  expect(lines).toContain(`${pending}: ${left}`);
  expect(lines.find((line) => line.includes(record.job_id))).toEndWith(`; ${left}`);
  expect((await runProgram(world, ["process", "status"])).stdout).toContain(left);
  const lease = await acquireLease(lake.layout.processLease, { purpose: "a test" });
  try {
    expect((await runProgram(world, ["process", "list", "--all"])).stdout).not.toContain(left);
  } finally {
    await lease.release();
  }
});
