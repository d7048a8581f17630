import { expect, test } from "bun:test";
import { mkdir, readdir, readFile, symlink, truncate, writeFile } from "node:fs/promises";
import fc from "fast-check";
import { allowedRejects, checkRejects } from "../../src/ingest/reject-limit.ts";
import { emptyOutcome } from "../../src/jobs/outcome.ts";
import { addProgress, beginUpload, createMeter } from "../../src/jobs/progress.ts";
import {
  beginRecord,
  createJobRecord,
  createRecorder,
  findDamagedJobs,
  findUnfinishedJob,
  listJobs,
  readJob,
} from "../../src/jobs/records.ts";
import { acquireLease } from "../../src/lake/lease.ts";
import type { UploadManifest } from "../../src/schema/upload.ts";
import { codeOf } from "../code-of.ts";
import { makeWorld } from "./staging-kit.ts";

test("a limit is a number of rows, or a share of them rounded down", () => {
  expect(allowedRejects("0", 1000)).toBe(0);
  expect(allowedRejects("7", 3)).toBe(7);
  expect(allowedRejects("1%", 99)).toBe(0);
  expect(allowedRejects("1%", 100)).toBe(1);
  expect(allowedRejects("0.5%", 1000)).toBe(5);
  fc.assert(
    fc.property(fc.nat(100), fc.nat(1_000_000), (percent, rows) => {
      expect(allowedRejects(`${percent}%`, rows)).toBe(Math.floor((percent * rows) / 100));
    }),
  );
});

test("an upload of which nothing is left fails, whatever is allowed", () => {
  const manifest = { upload_id: "u", rows: 4, max_rejects: "100%" } as UploadManifest;
  const row = { source_row: 0, source_name: "쪽.png", reason: "the image is empty" };
  const reject = (rejected: number, example = row) => checkRejects(manifest, rejected, example);
  expect(() => reject(3)).not.toThrow();
  expect(() => reject(4)).toThrow(
    expect.objectContaining({
      code: "too_many_rejects",
      message: expect.stringContaining("(first: row 1 (쪽.png): the image is empty)"),
    }),
  );
  expect(() => reject(4, { ...row, reason: "there is no 쪽.png" })).toThrow(
    "(first: row 1: there is no 쪽.png)",
  );
  expect(() => checkRejects({ ...manifest, max_rejects: "0" }, 0, undefined)).not.toThrow();
});

test("saves that come close together cost one write, and each waits until it is durable", async () => {
  const { lake } = await makeWorld();
  const record = createJobRecord();
  const recorder = createRecorder(lake, record, { intervalMs: 60_000 });
  const saves = [];
  for (let at = 0; at < 50; at++) {
    record.progress.rows_done = at;
    saves.push(recorder.save());
  }
  expect(await readdir(lake.layout.jobs)).toEqual([]);
  await recorder.flush();
  await Promise.all(saves);
  expect((await readJob(lake, record.job_id)).progress.rows_done).toBe(49);
  record.status = "completed";
  await recorder.flush();
  expect(JSON.parse(await readFile(lake.layout.job(record.job_id), "utf8")).status).toBe("completed");
});

test("a record is written by who holds the work, and by nobody whose work another took over", async () => {
  const { lake } = await makeWorld();
  const record = createJobRecord();
  const lease = await acquireLease(lake.layout.processLease, { purpose: "the first" });
  const recorder = createRecorder(lake, record, { confirm: lease.confirm });
  await recorder.flush();
  await writeFile(lake.layout.processLease, JSON.stringify({ ...lease.holder, id: "another's" }));
  const theirs = { ...record, status: "running" as const };
  await createRecorder(lake, theirs).flush();
  record.status = "cancelled";
  expect(await codeOf(recorder.flush())).toBe("locked");
  expect((await readJob(lake, record.job_id)).status).toBe("running");
  await lease.release();
});

test("the newest job comes first; only it can be unfinished", async () => {
  const { lake } = await makeWorld();
  expect(await findUnfinishedJob(lake)).toBeUndefined();
  const [older, newer] = [createJobRecord(), createJobRecord()];
  older.status = "failed";
  newer.status = "running";
  for (const record of [older, newer]) await createRecorder(lake, record).flush();
  expect((await listJobs(lake, 5)).map((record) => record.job_id)).toEqual([newer.job_id, older.job_id]);
  expect((await findUnfinishedJob(lake))?.job_id).toBe(newer.job_id);
  newer.status = "completed";
  await createRecorder(lake, newer).flush();
  expect(await findUnfinishedJob(lake)).toBeUndefined();
  expect(await readJob(lake, "../../etc/passwd").catch((error) => error.code)).toBe("not_found");
});

test("records that cannot be read hide no other, and are told", async () => {
  const { lake } = await makeWorld();
  const good = createJobRecord();
  good.status = "running";
  await createRecorder(lake, good).flush();
  const odd = (digit: string) => lake.layout.job(`j${digit.repeat(32)}`);
  await mkdir(odd("f"));
  expect(Bun.spawnSync(["mkfifo", odd("e")]).exitCode).toBe(0);
  await writeFile(odd("d"), "[".repeat(5_000_000));
  await writeFile(odd("c"), "");
  await truncate(odd("c"), 2 ** 40);
  await writeFile(odd("b"), '{"format": 1}');
  await symlink("/dev/zero", odd("a"));
  await writeFile(Buffer.concat([Buffer.from(`${lake.layout.jobs}/`), Buffer.from([0xff, 0xfe])]), "x");
  expect((await listJobs(lake, 1)).map((record) => record.job_id)).toEqual([good.job_id]);
  expect((await findUnfinishedJob(lake))?.job_id).toBe(good.job_id);
  expect(await findDamagedJobs(lake)).toHaveLength(6);
  expect(await readJob(lake, `j${"e".repeat(32)}`).catch((error) => error.code)).toBe("corrupt");
});

test("a continued job keeps what is settled and counts the rest anew", () => {
  const record = createJobRecord();
  const ids = ["a", "b", "c", "d"].map((letter) => `u${letter.repeat(32)}`) as [
    string,
    string,
    string,
    string,
  ];
  const outcome = (id: string, status: "completed" | "failed" | "running" | "cancelled") => ({
    ...emptyOutcome(id, undefined, status),
    rows: 9,
    rejected: 1,
  });
  record.uploads = [
    outcome(ids[0], "completed"),
    outcome(ids[1], "completed"),
    outcome(ids[2], "running"),
    outcome(ids[3], "cancelled"),
  ];
  const begun = beginRecord(record, [ids[1]]);
  expect(begun.uploads.map((upload) => upload.upload_id)).toEqual([ids[0]]);
  expect(begun.progress).toMatchObject({ uploads_done: 1, uploads_total: 1, rows_done: 10, rows_total: 10 });
});

test("progress is what is settled and what runs, its rate that of this run", () => {
  const record = createJobRecord();
  let nowMs = 0;
  const meter = createMeter(record, () => nowMs);
  const manifest = { rows: 100, contents: 50, staged_bytes: 1000 } as UploadManifest;
  const [first, second] = ["a", "b"].map((letter) => ({
    upload_id: `u${letter.repeat(32)}`,
    status: "pending" as const,
    manifest,
    failure: undefined,
  }));
  if (!first || !second) throw new Error("two uploads");
  meter.expect([first, second]);
  meter.expect([second]);
  nowMs = 2000;
  meter.settle({ ...emptyOutcome(first.upload_id, undefined, "completed"), rows: 100 });
  beginUpload(record, second);
  const progress = {
    type: "progress" as const,
    upload_id: second.upload_id,
    step: "",
    rows_done: 20,
    images_done: 10,
    bytes_done: 5,
  };
  addProgress(record, progress, meter);
  expect(record.progress).toMatchObject({
    uploads_done: 1,
    uploads_total: 2,
    rows_done: 120,
    rows_total: 200,
    images_done: 60,
    images_total: 100,
    bytes_done: 1005,
    rows_per_second: 60,
    seconds_left: 80 / 60,
    current: { upload_id: second.upload_id, rows_done: 20, rows_total: 100, bytes_done: 5 },
  });
});
