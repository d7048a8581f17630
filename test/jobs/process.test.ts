import { expect, setDefaultTimeout, test } from "bun:test";
import { mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describeJob } from "../../src/cli/commands/process/job-text.ts";
import { AppError } from "../../src/errors.ts";
import { stoppedBy } from "../../src/jobs/job-end.ts";
import { createUploadLayout } from "../../src/lake/layout.ts";
import type { JobRecord } from "../../src/schema/job.ts";
import {
  fingerprintTree,
  makeImage,
  makeWorld,
  readRejects,
  readRows,
  runProgram,
  sha256,
  stageUpload,
  type World,
} from "./staging-kit.ts";

setDefaultTimeout(120_000);

async function processAll(world: World): Promise<{ exit: number | null; job: JobRecord }> {
  const { exit, stdout, stderr } = await runProgram(world, ["process", "start", "--wait", "--json"]);
  if (stdout === "") throw new Error(stderr);
  return { exit, job: JSON.parse(stdout) };
}

async function staged(world: World): Promise<Record<string, string[]>> {
  const { pending, processing, failed } = world.lake.layout;
  return {
    pending: await readdir(pending),
    processing: await readdir(processing),
    failed: await readdir(failed),
  };
}

const NOTHING = { pending: [], processing: [], failed: [] };

test("images become rows and assets, twice the same image one asset", async () => {
  const world = await makeWorld();
  const images = await Promise.all(Array.from({ length: 40 }, (_, at) => makeImage(at % 30)));
  const uploadId = await stageUpload(
    world,
    images.map((image, at) => ({ text: `행 ${at}`, name: `쪽/${at}.jpg`, image })),
  );
  const { exit, job } = await processAll(world);
  expect(exit).toBe(0);
  expect(job.status).toBe("completed");
  expect(job.uploads).toHaveLength(1);
  expect(job.uploads[0]).toMatchObject({ status: "completed", rows: 40, rejected: 0, version: 1 });
  expect(job.uploads[0]?.assets).toMatchObject({ stored: 30, deduplicated: 10 });
  expect(job.progress).toMatchObject({ rows_done: 40, rows_total: 40, uploads_done: 1 });
  const rows = await readRows(world);
  expect(rows.map((row) => row.text)).toEqual(images.map((_, at) => `행 ${at}`));
  for (const [at, row] of rows.entries()) {
    const bytes = await readFile(world.lake.layout.asset(String(row.path)));
    expect(sha256(bytes)).toBe(String(row.hash));
    expect(row).toMatchObject({
      source_hash: sha256(images[at] ?? Buffer.of()),
      source_name: `쪽/${at}.jpg`,
      width: 24,
      height: 16,
      format: "jpeg",
      bytes: bytes.length,
      upload_id: uploadId,
      source_row: at,
    });
  }
  expect(await staged(world)).toEqual(NOTHING);
  expect(JSON.parse(await readFile(world.lake.layout.job(job.job_id), "utf8"))).toMatchObject(job);
  expect(Object.keys(await fingerprintTree(world.lake.layout.assets))).toHaveLength(30);
  expect((await stat(world.lake.layout.catalogFile)).isFile()).toBe(true);
});

test("what the dataset holds is not stored again, whoever brings it", async () => {
  const world = await makeWorld();
  const images = await Promise.all([1, 2, 3].map((seed) => makeImage(seed)));
  const rows = images.map((image, at) => ({ text: `${at}`, name: `${at}.jpg`, image }));
  await stageUpload(world, rows);
  await processAll(world);
  await stageUpload(world, rows, { mode: "append" });
  const { job } = await processAll(world);
  expect(job.uploads[0]).toMatchObject({ rows: 3, version: 2, assets: { stored: 0, deduplicated: 3 } });
  expect(await readRows(world)).toHaveLength(6);
});

test("what a rejected row names by no SHA-256 is not copied anywhere", async () => {
  const world = await makeWorld();
  const rows = [
    { text: "good", image: await makeImage(1) },
    { text: "bad", missing: "../../outside" },
  ];
  const uploadId = await stageUpload(world, rows, { max_rejects: "1" });
  const { staging } = world.lake.layout;
  await writeFile(join(staging, "outside"), "brought by somebody");
  const { job } = await processAll(world);
  expect(job.uploads[0]).toMatchObject({ status: "completed", rejected: 1 });
  const names = (await readdir(world.lake.root, { recursive: true })).filter((name) => /outside/.test(name));
  expect(names).toEqual(["staging/outside"]);
  expect(await readRejects(world, uploadId)).toMatchObject([{ source_hash: null }]);
});

test("bad rows are rejected with their reason, the rest goes on", async () => {
  const world = await makeWorld();
  const uploadId = await stageUpload(
    world,
    [
      { text: "good", name: "a.jpg", image: await makeImage(1) },
      { text: "broken", name: "b.jpg", image: Buffer.from("no image at all") },
      { text: "gone", name: "c.jpg", missing: "0".repeat(64) },
      { text: "refused", reject: "is not JSON" },
      { text: "no image" },
    ],
    { max_rejects: "3" },
  );
  const { exit, job } = await processAll(world);
  expect(exit).toBe(3);
  expect(job.uploads[0]).toMatchObject({ status: "completed", rows: 2, rejected: 3 });
  const rejects = await readRejects(world, uploadId);
  expect(rejects.map((row) => [row.source_row, row.source_name])).toEqual([
    [1, "b.jpg"],
    [2, "c.jpg"],
    [3, null],
  ]);
  expect(rejects[2]?.reason).toBe("is not JSON");
  expect((await readRows(world)).map((row) => row.text)).toEqual(["good", "no image"]);
});

test("too many rejects fail the upload whole; a retry puts it back", async () => {
  const world = await makeWorld();
  const uploadId = await stageUpload(
    world,
    [
      { text: "good", name: "a.jpg", image: await makeImage(1) },
      { text: "broken", name: "b.jpg", image: Buffer.from("no image at all") },
    ],
    { max_rejects: "49%" },
  );
  const { exit, job } = await processAll(world);
  expect(exit).toBe(1);
  expect(job.uploads[0]).toMatchObject({ status: "failed", error: { code: "too_many_rejects" } });
  const why = `; why: \`datalake process rejects ${uploadId}\``;
  expect(describeJob(job).split("\n")[0]).toEndWith(" completed, but 1 of 1 upload failed");
  expect(describeJob(job)).toEndWith(why);
  expect((await runProgram(world, ["process", "list", "--all"])).stdout).toContain(why);
  expect(await readRows(world)).toEqual([]);
  expect(await staged(world)).toEqual({ ...NOTHING, failed: [uploadId] });
  const error = createUploadLayout(join(world.lake.layout.failed, uploadId)).error;
  expect(JSON.parse(await readFile(error.stagedAt, "utf8"))).toMatchObject({
    code: "too_many_rejects",
    job_id: job.job_id,
  });
  expect(await readRejects(world, uploadId)).toHaveLength(1);
  // The second row: counted from 1 for people, from 0 in the document.
  const rejects = async (...more: string[]) =>
    (await runProgram(world, ["process", "rejects", uploadId, ...more])).stdout;
  expect(await rejects()).toContain("\n  2  b.jpg  ");
  expect(JSON.parse(await rejects("--json")).rejects).toMatchObject([{ source_row: 1 }]);
  expect(job.uploads[0]?.error?.message).toContain("(first: row 2 (b.jpg): ");
  expect((await runProgram(world, ["process", "retry", uploadId])).exit).toBe(0);
  expect(await staged(world)).toEqual({ ...NOTHING, pending: [uploadId] });
  expect((await runProgram(world, ["process", "retry", uploadId])).exit).toBe(5);
  const list = JSON.parse((await runProgram(world, ["process", "list", "--all", "--json"])).stdout);
  expect(list.uploads).toMatchObject([{ upload_id: uploadId, status: "pending", rows: 2 }]);
  expect(list.jobs).toMatchObject([{ job_id: job.job_id, status: "completed" }]);
  // What was rejected is accepted.
  await processAll(world);
  const retry = (limit: string) => runProgram(world, ["process", "retry", uploadId, "--max-rejects", limit]);
  expect((await retry("some")).exit).toBe(2);
  expect(await staged(world)).toEqual({ ...NOTHING, failed: [uploadId] });
  expect((await retry("1")).exit).toBe(0);
  const { job: accepted } = await processAll(world);
  expect(accepted.uploads).toMatchObject([{ status: "completed", rows: 1, rejected: 1 }]);
});

test("references find raw assets by name, hash and path, in the same job", async () => {
  const world = await makeWorld();
  const images = await Promise.all([1, 2, 3].map((seed) => makeImage(seed)));
  await stageUpload(world, [
    ...images.map((image, at) => ({ text: `${at}`, name: `${at}.jpg`, image })),
    { text: "2b", name: "1.jpg", image: images[2] ?? Buffer.of() },
  ]);
  const byName = await stageUpload(
    world,
    ["0.jpg", "1.jpg", "none.jpg", "2.jpg"].map((reference) => ({ text: `l ${reference}`, reference })),
    { task: "ocr", variant: "names", reference: "source_name", max_rejects: "2" },
  );
  const { job } = await processAll(world);
  expect(job.uploads.map((upload) => [upload.status, upload.rows, upload.rejected])).toEqual([
    ["completed", 4, 0],
    ["completed", 2, 2],
  ]);
  const raw = await readRows(world);
  const labels = await readRows(world, "ocr", "names");
  expect(labels.map((row) => [row.text, row.hash, row.source_name])).toEqual([
    ["l 0.jpg", raw[0]?.hash, "0.jpg"],
    ["l 2.jpg", raw[2]?.hash, "2.jpg"],
  ]);
  expect(Object.keys(labels[0] ?? {})).toEqual([
    "text",
    "hash",
    "path",
    "width",
    "height",
    "format",
    "bytes",
    "pages",
    "orientation",
    "dpi",
    "source_name",
    "upload_id",
    "source_row",
  ]);
  expect((await readRejects(world, byName)).map((row) => row.source_row)).toEqual([1, 2]);

  const hash = String(raw[0]?.hash);
  const path = String(raw[1]?.path);
  await stageUpload(
    world,
    [hash, "f".repeat(64)].map((reference) => ({ text: "h", reference })),
    { task: "ocr", variant: "hashes", reference: "hash", max_rejects: "1" },
  );
  await stageUpload(
    world,
    [path, `${path}x`, "../../etc/passwd"].map((reference) => ({ text: "p", reference })),
    { task: "ocr", variant: "paths", reference: "path", max_rejects: "2" },
  );
  await processAll(world);
  expect((await readRows(world, "ocr", "hashes")).map((row) => [row.hash, row.path])).toEqual([
    [hash, raw[0]?.path],
  ]);
  expect((await readRows(world, "ocr", "paths")).map((row) => row.path)).toEqual([path]);
});

test("labels find their pages by the stem of a name, which must be one page's", async () => {
  const world = await makeWorld();
  const images = await Promise.all([1, 2, 3].map((seed) => makeImage(seed)));
  const [first, second, third] = images as [Buffer, Buffer, Buffer];
  await stageUpload(world, [
    { text: "0", name: "a/영수증.jpg", image: first },
    { text: "1", name: "a/1.jpg", image: second },
    { text: "1", name: "b/1.png", image: third },
    { text: "copies", name: "a/2.jpg", image: third },
    { text: "copies", name: "b/2.jpg", image: third },
  ]);
  const upload = await stageUpload(
    world,
    ["영수증", "1", "none", "2"].map((reference) => ({ text: reference, reference })),
    { task: "ocr", variant: "stems", reference: "source_stem", max_rejects: "2" },
  );
  await processAll(world);
  const raw = await readRows(world);
  const labels = await readRows(world, "ocr", "stems");
  expect(labels.map((row) => [row.text, row.hash, row.source_name])).toEqual([
    ["영수증", raw[0]?.hash, "a/영수증.jpg"],
    ["2", raw[2]?.hash, "a/2.jpg"],
  ]);
  expect(Object.keys(labels[0] ?? {})).not.toContain("source_stem");
  expect((await readRejects(world, upload)).map((row) => row.reason)).toEqual([
    'source_stem "1" is ambiguous: a/1.jpg, b/1.png; refer to one by source_name',
    expect.stringContaining('no raw asset with source_stem "none" in '),
  ]);
});

test("a label in a folder of a split finds only pages of that split", async () => {
  const world = await makeWorld();
  const names = ["1.Training/1.jpg", "2.Validation/1.jpg", "1.Training/2.jpg", "3.jpg"];
  const images = await Promise.all(names.map((_, seed) => makeImage(seed)));
  await stageUpload(
    world,
    names.map((name, at) => ({ text: name, name, image: images[at] as Buffer })),
  );
  const references = ["Training/1", "검증/1", "Validation/2", "test/3", "Training/a/2"];
  const upload = await stageUpload(
    world,
    references.map((reference) => ({ text: reference, reference })),
    { task: "ocr", variant: "splits", reference: "source_stem", max_rejects: "1" },
  );
  await processAll(world);
  const labels = await readRows(world, "ocr", "splits");
  expect(labels.map((row) => [row.text, row.source_name])).toEqual([
    ["Training/1", "1.Training/1.jpg"],
    ["검증/1", "2.Validation/1.jpg"],
    ["test/3", "3.jpg"],
    ["Training/a/2", "1.Training/2.jpg"],
  ]);
  expect((await readRejects(world, upload)).map((row) => row.reason)).toEqual([
    expect.stringContaining('no raw asset with source_stem "Validation/2" in '),
  ]);
});

test("of several pages of one stem the folders of a label say which", async () => {
  const world = await makeWorld();
  const names = [
    ...["원천데이터/문서1/1.jpg", "원천데이터/문서2/1.jpg", "원천데이터/a/문서3/1.jpg", "1.jpg"],
    ...["원천데이터/문서1/2.jpg", "나권/앞/3.jpg"],
    ...["1.Training/images/문서4/1.jpg", "2.Validation/images/문서4/1.jpg", "b/c/1.jpg", "d/c/1.jpg"],
  ];
  const images = await Promise.all(names.map((_, seed) => makeImage(seed)));
  await stageUpload(
    world,
    names.map((name, at) => ({ text: name, name, image: images[at] as Buffer })),
  );
  const expected = {
    "라벨링데이터/문서1/1": "원천데이터/문서1/1.jpg",
    "TL_x/labels/문서2/1": "원천데이터/문서2/1.jpg",
    "labels/a/문서3/1": "원천데이터/a/문서3/1.jpg",
    "b/문서3/1": null,
    "Training/문서4/1": "1.Training/images/문서4/1.jpg",
    "검증/labels/문서4/1": "2.Validation/images/문서4/1.jpg",
    "c/1": null,
    "d/c/1": "d/c/1.jpg",
    "문서9/1": null,
    "1": null,
    "문서1/2": "원천데이터/문서1/2.jpg",
    "문서2/2": null, // of another document of the series, though no other page has the name
    "2": "원천데이터/문서1/2.jpg",
    "가권/앞/3": null, // so are these, though they end alike
  };
  const references = Object.keys(expected);
  const upload = await stageUpload(
    world,
    references.map((reference) => ({ text: reference, reference })),
    { task: "ocr", variant: "folders", reference: "source_stem", max_rejects: "100%" },
  );
  await processAll(world);
  const labels = await readRows(world, "ocr", "folders");
  const found = new Map(labels.map((row) => [row.text, row.source_name]));
  expect(Object.fromEntries(references.map((name) => [name, found.get(name) ?? null]))).toEqual(expected);
  const reasons = (await readRejects(world, upload)).map((row) => String(row.reason));
  expect(reasons).toHaveLength(Object.values(expected).filter((name) => name === null).length);
  const none = (reason: string) => reason.startsWith("no raw asset");
  expect(reasons.filter((reason) => !reason.includes("is ambiguous")).map(none)).toEqual([true, true]);
});

test("a replaced raw partition takes its names along", async () => {
  const world = await makeWorld();
  await stageUpload(world, [{ text: "old", name: "p.jpg", image: await makeImage(1) }]);
  await processAll(world);
  await stageUpload(world, [{ text: "new", name: "p.jpg", image: await makeImage(2) }], { mode: "replace" });
  await stageUpload(world, [{ text: "label", reference: "p.jpg" }], {
    task: "ocr",
    reference: "source_name",
  });
  await processAll(world);
  const [raw] = await readRows(world);
  const labels = await readRows(world, "ocr", "base");
  expect(labels.map((row) => [row.text, row.hash])).toEqual([["label", raw?.hash]]);
});

test("rows without assets pass through, rejected ones stay behind", async () => {
  const world = await makeWorld();
  await stageUpload(world, [{ text: "하나" }, { text: "둘", reject: "bad" }, { text: "셋" }], {
    variant: "text",
    max_rejects: "1",
  });
  const { exit } = await processAll(world);
  expect(exit).toBe(3);
  const rows = await readRows(world, "raw", "text");
  expect(rows.map((row) => [row.text, row.source_row])).toEqual([
    ["하나", 0],
    ["셋", 2],
  ]);
  expect(Object.keys(rows[0] ?? {})).toEqual(["text", "upload_id", "source_row"]);
});

test("an upload that cannot be processed fails alone", async () => {
  const world = await makeWorld();
  const image = await makeImage(1);
  const broken = await stageUpload(world, [{ text: "a", name: "a.jpg", image }], { dataset: "broken" });
  await writeFile(createUploadLayout(join(world.lake.layout.pending, broken)).rows.stagedAt, "no parquet");
  const damaged = await stageUpload(world, [{ text: "a", name: "a.jpg", image }], { dataset: "damaged" });
  await writeFile(createUploadLayout(join(world.lake.layout.pending, damaged)).manifest.stagedAt, "{");
  await stageUpload(world, [{ text: "a", name: "a.jpg", image }], { dataset: "fine" });
  await stageUpload(world, [{ text: "b", name: "a.jpg", image }], { dataset: "fine" });
  const { exit, job } = await processAll(world);
  expect(exit).toBe(1);
  expect(job.status).toBe("completed");
  expect(job.uploads.map((upload) => [upload.status, upload.error?.code ?? ""]).sort()).toEqual([
    ["completed", ""],
    ["failed", "corrupt"],
    ["failed", "corrupt"],
    ["failed", "partition_exists"],
  ]);
  expect((await staged(world)).processing).toEqual([]);
});

test("without a server and without --wait there is nobody to process", async () => {
  const world = await makeWorld();
  const { exit, stdout } = await runProgram(world, ["process", "start", "--json"]);
  expect(exit).toBe(6);
  expect(JSON.parse(stdout).error.code).toBe("server_unreachable");
  expect((await runProgram(world, ["process", "status"])).exit).toBe(4);
});

test("rows that are stored but not in the catalog are told, by a job and by an upload that waits", async () => {
  const world = await makeWorld();
  const input = join(world.folder, "rows.jsonl");
  await writeFile(input, '{"v":1}\n');
  await mkdir(join(world.lake.layout.catalogFile, "in the way"), { recursive: true });
  const told = { code: "io", message: expect.stringContaining("found after `datalake catalog rebuild`") };
  const flags = ["--type", "raw", "--provider", "hub", "--dataset", "waits", "--wait"];
  const waits = await runProgram(world, ["upload", input, ...flags, "--json"]);
  expect(waits.exit).toBe(1);
  expect(JSON.parse(waits.stdout)).toMatchObject({ outcome: { status: "completed" }, job_error: told });
  await stageUpload(world, [{ text: "행", name: "쪽.jpg", image: await makeImage(1) }]);
  const { exit, job } = await processAll(world);
  expect([exit, job.status, job.error]).toEqual([1, "failed", told]);
});

test("a job that is stopped between storing and publishing says so", () => {
  const stopped = AbortSignal.abort(new AppError("cancelled", "cancelled by request"));
  const message = expect.stringContaining("datalake catalog rebuild");
  expect(stoppedBy(stopped, true)).toMatchObject({ status: "cancelled", error: { message } });
  expect(stoppedBy(stopped, false)).toEqual({ status: "cancelled" });
  const handed = AbortSignal.abort(new AppError("shutting_down", "the server ends"));
  expect(stoppedBy(handed, true)).toEqual({ status: "queued" });
});
