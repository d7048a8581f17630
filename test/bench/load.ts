import { mkdir, readdir, readFile, symlink } from "node:fs/promises";
import { join } from "node:path";
import type { BenchContext, Benchmark, Result } from "./benchmark.ts";
import { COMMON_MARK, makePages, makeSearchLabels, makeTiles, once, RARE_MARK } from "./corpus.ts";
import { type BenchLake, createBenchLake } from "./lake.ts";
import { percentile, type Server, startServer } from "./server.ts";

const CLIENTS = 50;
const UPLOADERS = 10;
/** What a person takes to read an answer, and a curator between two uploads. */
const SEARCH_PAUSE_MS = 1000;
const UPLOAD_PAUSE_MS = 10_000;
const HEALTH_PAUSE_MS = 50;
const SECONDS = 60;
const PARTS = 60;
const LABELS_PARTS = 12;
const QUERIES = [RARE_MARK, COMMON_MARK, "세상어디에도없는낱말", `${RARE_MARK}","box":[`];

interface Measured {
  searchMs: number[];
  healthMs: number[];
  uploads: number;
  errors: string[];
  /** Of the server's own process, a second apart. */
  rssBytes: number[];
}

/** 50 clients on one server of 2 cores while it works: what they wait, what fails, what memory it takes. */
const load: Benchmark = {
  name: "load",
  run: async (context) => {
    const lake = await createBenchLake(context);
    const rows = Math.round((2_000_000 * context.scale) / PARTS);
    const parts = await once(join(context.corpora, `search-${PARTS}x${rows}`), (folder) =>
      makeSearchLabels(folder, PARTS, rows),
    );
    for (let part = 0; part < LABELS_PARTS; part++) {
      await lake.upload(join(parts, `part-${part}.parquet`), `글_${part}`);
    }
    await lake.process();
    const pngs = await once(join(context.corpora, "png-400"), (folder) => makePages(folder, 400, "png"));
    const server = await startServer(context, lake.env, ["--auto-process", "--num-proc", "2"]);
    try {
      for (let at = 0; at < 6; at++) await lake.upload(pngs, `쪽_${at}`);
      const measured = await measure(context, lake, server, SECONDS * Math.min(1, context.scale * 2));
      return describe(measured);
    } finally {
      await server.stop();
    }
  },
};

async function measure(
  context: BenchContext,
  lake: BenchLake,
  { url, pid }: Server,
  seconds: number,
): Promise<Measured> {
  const measured: Measured = { searchMs: [], healthMs: [], uploads: 0, errors: [], rssBytes: [] };
  // The first searches open the catalog and read its index from disk.
  for (const text of [...QUERIES, ...QUERIES])
    await (await fetch(`${url}/search`, search(text))).arrayBuffer();
  const endMs = performance.now() + seconds * 1000;
  const repeat = async (pauseMs: number, delayMs: number, work: () => Promise<void>) => {
    await Bun.sleep(delayMs);
    while (performance.now() < endMs) {
      await work().catch((error) => measured.errors.push(String(error).slice(0, 500)));
      await Bun.sleep(pauseMs);
    }
  };
  const timedFetch = async (times: number[], path: string, init?: RequestInit) => {
    const startedMs = performance.now();
    const response = await fetch(`${url}${path}`, init);
    const body = await response.text();
    times.push(performance.now() - startedMs);
    if (!response.ok) throw new Error(`${path}: ${response.status} ${body.slice(0, 200)}`);
  };
  const uploading = runUploaders(context, lake, url, seconds);
  const searchers = Array.from({ length: CLIENTS - UPLOADERS }, (_, at) =>
    repeat(SEARCH_PAUSE_MS, at * 25, () =>
      timedFetch(measured.searchMs, "/search", search(QUERIES[at % QUERIES.length] ?? RARE_MARK)),
    ),
  );
  const health = repeat(HEALTH_PAUSE_MS, 0, () => timedFetch(measured.healthMs, "/health"));
  const memory = repeat(1000, 0, async () => {
    measured.rssBytes.push(await residentBytes(pid));
  });
  await Promise.all([...searchers, health, memory]);
  const { uploads, errors } = await uploading;
  measured.uploads = uploads;
  measured.errors.push(...errors);
  const status = (await (await fetch(`${url}/status`)).json()) as {
    job: unknown;
    uploads: { failed: number };
  };
  if (status.job === null) measured.errors.push("the job ended before the clients did: give it more to do");
  if (status.uploads.failed > 0) measured.errors.push(`${status.uploads.failed} uploads failed`);
  return measured;
}

function search(text: string): RequestInit {
  return {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ text, limit: 10 }),
  };
}

/** Curators in a process of their own: what they do shall not hold up those who measure. */
async function runUploaders(
  context: BenchContext,
  lake: BenchLake,
  url: string,
  seconds: number,
): Promise<{ uploads: number; errors: string[] }> {
  const each = Math.ceil((seconds * 1000) / UPLOAD_PAUSE_MS) + 1;
  const tiles = await sliceTiles(context, UPLOADERS * each);
  const lists = Array.from({ length: UPLOADERS }, (_, at) =>
    tiles.slice(at * each, (at + 1) * each).join(","),
  );
  const script = join(import.meta.dir, "load-uploads.ts");
  const { DATALAKE_LAKE: _, ...env } = lake.env;
  const child = Bun.spawn([process.execPath, script, url, `${seconds}`, `${UPLOAD_PAUSE_MS}`, ...lists], {
    env: { ...process.env, ...env, DATALAKE_SCRATCH: join(context.work, "curators") },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "inherit",
  });
  return JSON.parse(await new Response(child.stdout).text());
}

/** Folders of five small images each. */
async function sliceTiles(context: BenchContext, count: number): Promise<string[]> {
  const corpus = await once(join(context.corpora, "tiles-30000"), (folder) => makeTiles(folder, 30_000, 5));
  const names = (await readdir(join(corpus, "0000"))).sort().slice(0, count * 5);
  const folders: string[] = [];
  for (let at = 0; at < names.length; at += 5) {
    const folder = join(context.work, `tiles-${at}`);
    await mkdir(folder, { recursive: true });
    for (const name of names.slice(at, at + 5)) await symlink(join(corpus, "0000", name), join(folder, name));
    folders.push(folder);
  }
  return folders;
}

/** Resident memory of one process, from proc_pid_stat(5) (statm, in pages). */
async function residentBytes(pid: number): Promise<number> {
  const statm = await readFile(`/proc/${pid}/statm`, "utf8");
  return Number(statm.split(" ")[1]) * 4096;
}

function describe({ searchMs, healthMs, uploads, errors, rssBytes }: Measured): Result[] {
  const result = (job: string, value: number, limit: number, unit: Result["unit"], note: string): Result => ({
    job,
    floor: "",
    jobFigure: `${value.toFixed(1)} ${unit}`,
    floorFigure: "",
    value,
    limit,
    unit,
    note,
  });
  const spread = (values: number[]) =>
    `${values.length} of them, median ${percentile(values, 0.5).toFixed(1)}, most ${percentile(values, 1).toFixed(1)}`;
  // The engine's own cache fills in the first half.
  const half = rssBytes.slice(Math.floor(rssBytes.length / 2));
  const middle = median(half.slice(0, 5));
  const end = median(half.slice(-5));
  const most = Math.max(...rssBytes) / 1e6;
  return [
    result("p99 of /health under load", percentile(healthMs, 0.99), 50, "ms", spread(healthMs)),
    result("p99 of an indexed search under load", percentile(searchMs, 0.99), 200, "ms", spread(searchMs)),
    result(
      "growth of the server in the second half",
      (end - middle) / 1e6,
      20,
      "MB",
      `most ${most.toFixed(0)} MB`,
    ),
    result(
      "failed requests and uploads",
      errors.length,
      0,
      "x",
      `${uploads} uploads; ${errors[0] ?? "none failed"}`,
    ),
  ];
}

function median(values: number[]): number {
  return percentile(values, 0.5);
}

export const loadBenchmarks = [load];
