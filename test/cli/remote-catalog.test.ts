import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { rm } from "node:fs/promises";
import { connectCatalog } from "../../src/client/remote/catalog.ts";
import { acquireLease } from "../../src/lake/lease.ts";
import { makeImage, makeWorld, runProgram, stageUpload, type World } from "../jobs/staging-kit.ts";
import { type ServeProcess, startServe, until } from "../server/server-kit.ts";
import { run } from "./harness.ts";

setDefaultTimeout(120_000);

let world: World;
let server: ServeProcess;

beforeAll(async () => {
  world = await makeWorld();
  const image = await makeImage(1);
  await stageUpload(world, [{ text: "a", name: "a.jpg", image }]);
  server = await startServe(world);
});

afterAll(async () => {
  await server.stop("SIGKILL");
  await rm(world.folder, { recursive: true, force: true });
});

const there = (...argv: string[]) => run([...argv, "--server", server.url]);
const here = (...argv: string[]) => run([...argv, "--lake", world.lake.root], { env: world.env });

test("without a catalog both ways say so", async () => {
  const [remote, local] = [await there("catalog", "info", "--json"), await here("catalog", "info", "--json")];
  expect(remote).toEqual(local);
  expect(remote.exit).toBe(4);
});

test("a job is started, watched and listed, and the catalog is the same as in the folder", async () => {
  const started = await there("process", "start", "--wait", "--json");
  expect(started.exit).toBe(0);
  const { job_id: jobId } = JSON.parse(started.stdout) as { job_id: string };
  for (const argv of [
    ["catalog", "info"],
    ["catalog", "info", "--json"],
    ["catalog", "partitions"],
    ["catalog", "partitions", "--json"],
    ["process", "status", jobId, "--json"],
  ]) {
    const remote = await there(...argv);
    expect(remote).toEqual(await here(...argv));
    expect(remote.exit).toBe(0);
  }
  const { uploads, jobs } = JSON.parse((await there("process", "list", "--all", "--json")).stdout);
  expect(uploads).toMatchObject([{ status: "completed", dataset: "pages" }]);
  expect(jobs).toMatchObject([{ job_id: jobId }]);
});

test("a rebuild tells its steps as they come, and its errors", async () => {
  const steps: string[] = [];
  const catalog = connectCatalog(server.url);
  const result = await catalog.rebuild({ full: true, onStep: (step) => steps.push(step) });
  expect(result).toMatchObject({ rows: 1, refreshed: 1 });
  expect([steps[0], steps.at(-1)]).toEqual(["look", "sweep"]);
  // A program that wants one document gets one.
  const plain = await fetch(`${server.url}/catalog/rebuild`, { method: "POST" });
  expect(await plain.json()).toMatchObject({ rows: 1, refreshed: 0 });
  const lease = await acquireLease(world.lake.layout.publishLease, { purpose: "a test" });
  const stop = new AbortController();
  const waiting = catalog.rebuild({ full: false, signal: stop.signal });
  stop.abort();
  expect(waiting).rejects.toMatchObject({ code: "cancelled" });
  await lease.release();
  // The one that was given up does not hold the lake.
  expect(await catalog.rebuild({ full: false })).toMatchObject({ generation: result.generation });
});

test("the catalog is rebuilt there", async () => {
  const twice = JSON.parse((await there("catalog", "rebuild", "--json")).stdout);
  expect(twice).toMatchObject({ rows: 1, partitions: 1, refreshed: 0, failed: [] });
  const full = await there("catalog", "rebuild", "--full", "--json");
  expect(full.exit).toBe(0);
  expect(JSON.parse(full.stdout)).toMatchObject({ refreshed: 1, generation: twice.generation + 1 });
});

test("a failed upload is put back; what is none is told as in the folder", async () => {
  const failed = await stageUpload(world, [{ text: "b", missing: "f".repeat(64) }], { dataset: "more" });
  await runProgram(world, ["process", "start", "--wait", "--quiet", "--server", server.url]);
  const list = JSON.parse((await there("process", "list", "--all", "--json")).stdout);
  expect(list.uploads).toContainEqual(expect.objectContaining({ upload_id: failed, status: "failed" }));
  const retried = await there("process", "retry", failed, "--json");
  expect(JSON.parse(retried.stdout)).toEqual({
    upload_id: failed,
    provider: "hub",
    dataset: "more",
    task: "raw",
    variant: "image",
    status: "pending",
  });
  for (const upload of [failed, `u${"0".repeat(32)}`, "../pending"]) {
    const remote = await there("process", "retry", upload, "--json");
    expect(remote).toEqual(await here("process", "retry", upload, "--json"));
    expect([4, 5]).toContain(remote.exit);
  }
  await until(async () => (await there("process", "list", "--all")).stdout.includes("pending"));
});
