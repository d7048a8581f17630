import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { readFile, rm } from "node:fs/promises";
import { connectServer } from "../../src/client/remote/server.ts";
import { machineName } from "../../src/lake/account.ts";
import { createRouteTable, NO_ROUTE, READS } from "../../src/server/http/route-table.ts";
import { createMetricRegistry, METRICS_TYPE } from "../../src/server/telemetry/metric-registry.ts";
import { makeImage, makeWorld, stageUpload, type World } from "../jobs/staging-kit.ts";
import { type Exposition, parseExposition, sampleValue } from "./exposition.ts";
import { type ServeProcess, startServe, until } from "./server-kit.ts";

setDefaultTimeout(120_000);

let world: World;
let server: ServeProcess;

beforeAll(async () => {
  world = await makeWorld();
  server = await startServe(world);
});

afterAll(async () => {
  await server.stop("SIGKILL");
  await rm(world.folder, { recursive: true, force: true });
});

async function scrape(): Promise<Exposition> {
  const response = await fetch(`${server.url}/metrics`);
  expect(response.headers.get("content-type")).toBe(METRICS_TYPE);
  return parseExposition(await response.text());
}

async function search(body: object): Promise<number> {
  const headers = { "content-type": "application/json" };
  const response = await fetch(`${server.url}/search`, {
    method: "POST",
    headers,
    body: JSON.stringify(body),
  });
  await response.arrayBuffer();
  return response.status;
}

async function upload(): Promise<void> {
  const images = await Promise.all(Array.from({ length: 8 }, (_, at) => makeImage(at)));
  const rows = images.map((image, at) => ({ text: `${at}`, name: `${at}.jpg`, image }));
  await stageUpload(world, [...rows, { text: "no image", missing: "f".repeat(64) }], { max_rejects: "50%" });
  const client = connectServer(server.url);
  await client.watchJob((await client.startJob()).job_id);
}

test("every line is of the format, and an upload and searches move the counters", async () => {
  const before = await scrape();
  expect(sampleValue(before, "datalake_rows_processed_total")).toBe(0);
  expect(sampleValue(before, "datalake_catalog_rows")).toBeUndefined();
  await upload();
  expect(await search({ text: "3" })).toBe(200);
  expect(await search({ datasets: ["nowhere"] })).toBe(404);
  await fetch(`${server.url}/jobs/j${"0".repeat(32)}`);
  await fetch(`${server.url}/made/up`);
  await until(async () => sampleValue(await scrape(), "datalake_catalog_rows") === 8);
  const after = await scrape();
  const values: [string, Record<string, string>, number][] = [
    ["datalake_rows_processed_total", {}, 9],
    ["datalake_rejected_rows_total", {}, 1],
    ["datalake_jobs_total", { state: "completed" }, 1],
    ["datalake_uploads_total", { state: "completed" }, 1],
    ["datalake_uploads", { state: "pending" }, 0],
    ["datalake_jobs_running", {}, 0],
    ["datalake_queue_length", { kind: "uploads" }, 0],
    ["datalake_workers", { state: "total" }, 2],
    ["datalake_catalog_generation", {}, 1],
    ["datalake_catalog_partitions", {}, 1],
    ["datalake_queries_total", { kind: "search", engine: "duckdb", outcome: "ok" }, 1],
    ["datalake_queries_total", { kind: "search", engine: "none", outcome: "error" }, 1],
    ["datalake_query_duration_seconds_count", { kind: "search" }, 2],
    ["datalake_http_requests_total", { route: "/search", method: "POST", status: "200" }, 1],
    ["datalake_http_requests_total", { route: "/jobs/{id}", method: "GET", status: "404" }, 1],
    ["datalake_http_requests_total", { route: NO_ROUTE, method: "GET", status: "404" }, 1],
  ];
  for (const [name, labels, value] of values) {
    expect([name, labels, sampleValue(after, name, labels)]).toEqual([name, labels, value]);
  }
  for (const name of [
    "datalake_images_processed_total",
    "datalake_processed_bytes_total",
    "datalake_disk_free_bytes",
    "datalake_disk_total_bytes",
    "datalake_uptime_seconds",
    "process_resident_memory_bytes",
    "process_cpu_seconds_total",
  ]) {
    expect([name, (sampleValue(after, name) ?? 0) > 0]).toEqual([name, true]);
  }
  expect(sampleValue(after, "datalake_catalog_age_seconds")).toBeLessThan(60);
  expect(after.samples.find(({ name }) => name === "datalake_build_info")?.labels.version).toBeString();
});

test("/status tells the same, and keeps what it told before", async () => {
  const status = await (await fetch(`${server.url}/status`)).json();
  expect(status).toMatchObject({
    job: null,
    uploads: { pending: 0, processing: 0, failed: 0 },
    queue: { uploads: 0, queries_running: 0, queries_waiting: 0, checks_running: 0, checks_waiting: 0 },
    workers: { total: 2, busy: 0 },
    rates: { rows_per_second: null, bytes_per_second: null },
    catalog: { generation: 1, rows: 8, partitions: 1 },
  });
  const { disk, uptime_seconds, catalog } = status as {
    disk: { free_bytes: number; total_bytes: number };
    uptime_seconds: number;
    catalog: { age_seconds: number; bytes: number };
  };
  expect(disk.free_bytes).toBeGreaterThan(0);
  expect(disk.total_bytes).toBeGreaterThanOrEqual(disk.free_bytes);
  expect(uptime_seconds).toBeGreaterThan(0);
  expect(catalog.bytes).toBeGreaterThan(0);
});

test("the log level changes while the server runs, and requests are logged by it", async () => {
  const lines = async () =>
    (await readFile(world.lake.layout.log(machineName()), "utf8"))
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  const of = async (path: string) => (await lines()).filter((line) => line.path === path);
  const put = (body: object) =>
    fetch(`${server.url}/log-level`, {
      method: "PUT",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
  await fetch(`${server.url}/info`);
  expect((await put({ level: "loud" })).status).toBe(400);
  expect(await (await put({ level: "debug" })).json()).toEqual({ level: "debug" });
  expect(await (await fetch(`${server.url}/log-level`)).json()).toEqual({ level: "debug" });
  await fetch(`${server.url}/info?x=1`);
  await until(async () => (await of("/info")).length > 0);
  const [line, ...more] = await of("/info");
  expect(more).toEqual([]); // the first was asked for before
  expect(line).toMatchObject({ level: "debug", message: "request", method: "GET", status: 200 });
  expect(line?.duration_ms).toBeNumber();
  // What fails is told at info.
  expect(await of("/made/up")).toMatchObject([{ level: "info", status: 404 }]);
  expect((await lines()).some((one) => one.message === "log level changed" && one.to === "debug")).toBe(true);
});

test("label values and help texts are escaped, and a gauge that fails costs only itself", async () => {
  const registry = createMetricRegistry();
  registry.counter("odd_total", "back\\slash\nand line").add({ path: 'a"b\\c\nd' }, 2);
  registry.gauge("broken", "fails", () => {
    throw new Error("gone");
  });
  registry.gauge("unknown", "not a number", () => [{ value: Number.NaN }]);
  const seconds = registry.histogram("time_seconds", "times", [0.1, 1]);
  for (const value of [0.05, 0.1, 0.5, 7]) seconds.observe({ route: "/x" }, value);
  const text = await registry.render();
  const parsed = parseExposition(text);
  expect(sampleValue(parsed, "odd_total", { path: 'a"b\\c\nd' })).toBe(2);
  expect(parsed.help.get("odd_total")).toBe("back\\slash\nand line");
  expect(parsed.types.get("time_seconds")).toBe("histogram");
  const bucket = (le: string) => sampleValue(parsed, "time_seconds_bucket", { route: "/x", le });
  expect([bucket("0.1"), bucket("1"), bucket("+Inf")]).toEqual([2, 3, 4]);
  expect(sampleValue(parsed, "time_seconds_sum", { route: "/x" })).toBeCloseTo(7.65);
  expect(text).not.toContain("broken");
  expect(text).not.toContain("unknown");
});

test("a path is named by its route, whatever stands in it", () => {
  const hooks = { detail: { ...READS } };
  const routes = createRouteTable([
    { method: "GET", path: "/jobs/:id", hooks },
    { method: "GET", path: "/jobs", hooks },
    { method: "PUT", path: "/uploads/:id/files/:sha256", hooks },
    { method: "GET", path: "/assets/*", hooks },
  ]);
  const nameOf = (path: string) => routes("GET", path).name;
  expect(
    ["/jobs", "/jobs/j1", "/jobs/j1/x", "/uploads/u/files/f", "/assets/a/b.jpg", "/x"].map(nameOf),
  ).toEqual(["/jobs", "/jobs/{id}", NO_ROUTE, "/uploads/{id}/files/{sha256}", "/assets/*", NO_ROUTE]);
});
