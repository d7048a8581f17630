import { afterEach, expect, setDefaultTimeout, test } from "bun:test";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { connectServer } from "../../src/client/remote/server.ts";
import { machineName } from "../../src/lake/account.ts";
import { makeImage, makeWorld, readRows, runProgram, stageUpload, type World } from "../jobs/staging-kit.ts";
import { appWithoutLake } from "./app-kit.ts";
import { type ServeProcess, startServe, until, workerOf } from "./server-kit.ts";

setDefaultTimeout(120_000);

const running: ServeProcess[] = [];
afterEach(async () => {
  for (const server of running.splice(0)) await server.stop("SIGKILL");
});

async function serve(world: World, args: string[] = []): Promise<ServeProcess> {
  const server = await startServe(world, args);
  running.push(server);
  return server;
}

async function stagePages(world: World, count: number, dataset = "pages"): Promise<string> {
  const images = await Promise.all(Array.from({ length: count }, (_, at) => makeImage(at)));
  return stageUpload(
    world,
    images.map((image, at) => ({ text: `${at}`, name: `${at}.jpg`, image })),
    { dataset },
  );
}

/** So many that a job of them is still running when somebody has seen that it is. */
const UPLOADS = 10;

async function stageMany(world: World): Promise<void> {
  for (let at = 0; at < UPLOADS; at++) await stagePages(world, 10, `d${at}`);
}

async function codeOf(work: Promise<unknown>): Promise<string | undefined> {
  return work.then(
    () => undefined,
    (error) => error.code,
  );
}

test("a job started over HTTP runs to its end and the catalog follows", async () => {
  const world = await makeWorld();
  const uploadId = await stagePages(world, 20);
  const { url } = await serve(world);
  const client = connectServer(url);
  expect(await client.info()).toMatchObject({ name: "datalake", lake: world.lake.root });
  expect(await client.status()).toMatchObject({
    job: null,
    uploads: { pending: 1, processing: 0, failed: 0 },
  });
  const { status, job_id } = await client.startJob();
  expect(status).toBe("started");
  const updates: string[] = [];
  const job = await client.watchJob(job_id, { onUpdate: (update) => updates.push(update.status) });
  expect(job.uploads).toMatchObject([{ upload_id: uploadId, status: "completed", rows: 20 }]);
  expect(updates.length).toBeGreaterThan(0);
  expect(await client.job(job_id)).toEqual(job);
  expect(await client.jobs()).toEqual([job]);
  expect(await (await fetch(`${url}/partitions`)).json()).toMatchObject({
    partitions: [{ provider: "hub", dataset: "pages", task: "raw", variant: "image", rows: 20, version: 1 }],
  });
  expect(await codeOf(client.cancelJob(job_id))).toBe("conflict");
  expect(await codeOf(client.job(`j${"0".repeat(32)}`))).toBe("not_found");
});

test("every failure is an error document under its status", async () => {
  const { url } = await serve(await makeWorld());
  const ask = async (path: string, init?: RequestInit) => {
    const response = await fetch(`${url}${path}`, init);
    const { error } = (await response.json()) as { error: { code: string } };
    return [response.status, error.code];
  };
  expect(await ask("/nowhere")).toEqual([404, "not_found"]);
  expect(await ask("/health", { method: "DELETE" })).toEqual([404, "not_found"]);
  expect(await ask("/jobs/nonsense")).toEqual([400, "usage"]);
  expect(await ask("/jobs?limit=0")).toEqual([400, "usage"]);
  const json = { "content-type": "application/json" };
  expect(await ask("/process", { method: "POST", headers: json, body: "{" })).toEqual([400, "usage"]);
  expect(await ask("/process", { method: "POST", headers: json, body: '{"a":1}' })).toEqual([400, "usage"]);
  expect(
    await ask("/process", { method: "POST", headers: json, body: `"${"x".repeat(1_100_000)}"` }),
  ).toEqual([413, "too_large"]);
  expect(await ask("/health", { headers: { host: "evil.example" } })).toEqual([421, "bad_host"]);
  const wrong = await fetch(`${url}/search`, {
    method: "POST",
    headers: json,
    body: '{"providers":["a",1]}',
  });
  expect(((await wrong.json()) as { error: { message: string } }).error.message).toContain("providers.1:");
});

test("the interface describes itself", async () => {
  const { url } = await serve(await makeWorld());
  const document = (await (await fetch(`${url}/openapi.json`)).json()) as { paths: Record<string, object> };
  const described = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
  );
  const { app } = await appWithoutLake();
  const routes = app.routes.map(
    ({ method, path }) => `${method} ${path.replace(/:(\w+)/g, "{$1}").replace("*", "{path}")}`,
  );
  expect(described.sort()).toEqual([...new Set(routes)].sort());
  expect(JSON.stringify(document)).toContain("seconds_left");
});

test("with a token file only those who know a token get in", async () => {
  const world = await makeWorld();
  const file = join(world.folder, "tokens");
  await writeFile(file, "secret-1\nsecret-2\n", { mode: 0o600 });
  const { url } = await serve(world, ["--token-file", file]);
  expect((await fetch(`${url}/health`)).status).toBe(200);
  expect(await codeOf(connectServer(url).status())).toBe("unauthorized");
  expect(await codeOf(connectServer(url, "wrong").status())).toBe("unauthorized");
  expect((await connectServer(url, "secret-2").status()).job).toBeNull();
  const open = await runProgram(await makeWorld(), ["serve", "--host", "0.0.0.0", "--json"]);
  expect([open.exit, JSON.parse(open.stdout).error.code]).toEqual([2, "usage"]);
});

test("a second server refuses, naming the first; so does a command", async () => {
  const world = await makeWorld();
  const first = await serve(world);
  const port = new URL(first.url).port;
  const second = await runProgram(world, ["serve", "--port", port, "--json"]);
  expect(second.exit).toBe(5);
  const { error } = JSON.parse(second.stdout);
  expect(error.code).toBe("locked");
  expect(error.message).toContain(first.url);
  const other = await runProgram(await makeWorld(), ["serve", "--port", port, "--json"]);
  expect([other.exit, JSON.parse(other.stdout).error.code]).toEqual([5, "in_use"]);
  expect((await first.stop()).exit).toBe(0);
  const third = await serve(world);
  expect((await fetch(`${third.url}/health`)).status).toBe(200);
});

test("commands go through the server that holds the lake", async () => {
  const world = await makeWorld();
  await stagePages(world, 5);
  await serve(world);
  const { exit, stdout } = await runProgram(world, ["process", "start", "--wait", "--json"]);
  expect(exit).toBe(0);
  const job = JSON.parse(stdout);
  expect(job.uploads).toMatchObject([{ status: "completed", rows: 5 }]);
  const status = await runProgram(world, ["process", "status", job.job_id, "--watch", "--json"]);
  expect(JSON.parse(status.stdout)).toEqual(job);
  const started = await runProgram(world, ["process", "start", "--json"]);
  expect(JSON.parse(started.stdout)).toMatchObject({ status: "started" });
});

test("uploads are listed by the server, without the lake at hand", async () => {
  const world = await makeWorld();
  const done = await stagePages(world, 3);
  const { url } = await serve(world);
  const client = connectServer(url);
  await client.watchJob((await client.startJob()).job_id);
  const waiting = await stagePages(world, 2, "later");
  const { DATALAKE_LAKE: _, ...env } = world.env;
  const { exit, stdout } = await runProgram({ ...world, env }, [
    "process",
    "list",
    "--server",
    url,
    "--json",
  ]);
  expect(exit).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({
    uploads: [
      { upload_id: waiting, status: "pending", rows: 2, uploaded_by: "tester" },
      { upload_id: done, status: "completed", rows: 3, rejected: 0 },
    ],
    jobs: [{ status: "completed" }],
  });
  const { uploads, unusable } = await client.uploads({ all: true, completed: 0 });
  expect([uploads.length, unusable]).toEqual([1, []]);
  expect((await fetch(`${url}/uploads?completed=many`)).status).toBe(400);
});

test("a server that is not there is named in one sentence", async () => {
  const world = await makeWorld();
  const { exit, stdout, stderr } = await runProgram(world, [
    "process",
    "start",
    "--server",
    "http://127.0.0.1:9",
    "--json",
  ]);
  expect([exit, JSON.parse(stdout).error.code]).toEqual([6, "server_unreachable"]);
  expect(stderr.trim().split("\n")).toHaveLength(1);
});

test("uploads are processed as they arrive, and while a job runs", async () => {
  const world = await makeWorld();
  const { url } = await serve(world, ["--auto-process"]);
  await stagePages(world, 5, "first");
  await until(async () => (await readRows(world, "raw", "image", "first")).length === 5);
  await stagePages(world, 5, "second");
  await until(async () => (await readRows(world, "raw", "image", "second")).length === 5);
  // Rows are there a moment before the job's record says so.
  const states = async () =>
    (await connectServer(url).jobs()).flatMap((job) => job.uploads.map(({ status }) => status));
  await until(async () => (await states()).join() === "completed,completed");
});

test("a running job is cancelled, told of to others, and takes new uploads", async () => {
  const world = await makeWorld();
  await stageMany(world);
  const server = await serve(world);
  const client = connectServer(server.url);
  const { job_id } = await client.startJob();
  // It has not ended when it is cancelled, however long the steps before take.
  const worker = await workerOf(server);
  process.kill(worker, "SIGSTOP");
  expect(await client.startJob()).toEqual({ status: "already_running", job_id });
  const late = await stagePages(world, 3, "late");
  const cancelling = client.cancelJob(job_id);
  process.kill(worker, "SIGCONT");
  const cancelled = await cancelling;
  expect(cancelled.status).toBe("cancelled");
  const done = cancelled.uploads.filter((upload) => upload.status === "completed").length;
  expect(await readdir(world.lake.layout.pending)).toHaveLength(UPLOADS + 1 - done);
  const again = await client.startJob();
  expect(again.job_id).not.toBe(job_id);
  const job = await client.watchJob(again.job_id);
  expect(job.uploads.at(-1)).toMatchObject({ upload_id: late, status: "completed" });
  expect(await readdir(world.lake.layout.pending)).toEqual([]);
});

test("SIGTERM hands the work back within ten seconds and the next server goes on", async () => {
  const world = await makeWorld();
  await stageMany(world);
  const first = await serve(world);
  const { job_id } = await connectServer(first.url).startJob();
  await until(async () => (await connectServer(first.url).job(job_id)).progress.uploads_done >= 2);
  const { exit, ms } = await first.stop();
  expect(exit).toBe(0);
  expect(ms).toBeLessThan(10_000);
  expect(await readdir(world.lake.layout.processing)).toEqual([]);
  const record = JSON.parse(await readFile(world.lake.layout.job(job_id), "utf8"));
  expect(record).toMatchObject({ status: "queued", holder: null });
  const second = await serve(world);
  const job = await connectServer(second.url).watchJob(job_id);
  expect(job.status).toBe("completed");
  expect(job.uploads.map((upload) => [upload.status, upload.rows])).toEqual(
    Array(UPLOADS).fill(["completed", 10]),
  );
});

test("a server killed in the middle is followed by one that loses and doubles nothing", async () => {
  const world = await makeWorld();
  await stageMany(world);
  const first = await serve(world);
  const { job_id } = await connectServer(first.url).startJob();
  await until(async () => (await connectServer(first.url).job(job_id)).progress.uploads_done >= 2);
  await first.stop("SIGKILL");
  const second = await serve(world);
  const job = await connectServer(second.url).watchJob(job_id);
  expect(job.status).toBe("completed");
  expect(job.uploads).toHaveLength(UPLOADS);
  for (let at = 0; at < UPLOADS; at++)
    expect(await readRows(world, "raw", "image", `d${at}`)).toHaveLength(10);
  const { pending, processing, failed } = world.lake.layout;
  for (const folder of [pending, processing, failed]) expect(await readdir(folder)).toEqual([]);
});

test("the log is JSON lines in the lake", async () => {
  const world = await makeWorld();
  const server = await serve(world);
  await server.stop();
  const lines = (await readFile(world.lake.layout.log(machineName()), "utf8"))
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  expect(lines.map((line) => line.message)).toEqual(["serving", "stopping", "stopped"]);
});
