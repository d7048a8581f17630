/** One suite for both ways to a lake: the same call gives the same answer, or fails with the same code and details. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { LakeClient } from "../../src/client/lake-client.ts";
import { openLakeClient } from "../../src/client/open-lake.ts";
import { uploadTo } from "../../src/client/uploads.ts";
import { AppError } from "../../src/errors.ts";
import { openUploadSession } from "../../src/ingest/session.ts";
import { silentLogger } from "../../src/log.ts";
import type { RowQuery } from "../../src/schema/query.ts";
import { zipOf } from "../ingest/zip-kit.ts";
import { makeImage, makeWorld, PROGRAM, stageUpload, type World } from "../jobs/staging-kit.ts";
import { type ServeProcess, startServe } from "../server/server-kit.ts";

setDefaultTimeout(120_000);

interface Way {
  world: World;
  lake: LakeClient;
}

const signal = new AbortController().signal;
const NO_UPLOAD = `u${"0".repeat(32)}`;
const NO_JOB = `j${"0".repeat(32)}`;
/** The same in both lakes. */
const BROKEN = `u${"1".repeat(32)}`;
const GOOD = `u${"2".repeat(32)}`;
let ways: { folder: Way; server: Way };
let server: ServeProcess;

beforeAll(async () => {
  const open = (world: World, url?: string) =>
    openLakeClient({
      settings: {
        ...world.settings,
        location: url === undefined ? world.settings.location : { kind: "server", url },
      },
      openLake: async () => world.lake,
      selfCommand: PROGRAM,
      logger: silentLogger,
      signal,
    });
  const [here, there] = await Promise.all([makeWorld(), makeWorld()]);
  server = await startServe(there);
  ways = {
    folder: { world: here, lake: await open(here) },
    server: { world: there, lake: await open(there, server.url) },
  };
  for (const { world } of Object.values(ways)) {
    const images = await Promise.all([1, 2].map((at) => makeImage(at)));
    const rows = images.map((image, at) => ({ text: `영수증 ${at}`, name: `${at}.jpg`, image }));
    await stageUpload(world, [...rows, { text: "", reject: "no words" }], {
      upload_id: GOOD,
      max_rejects: "50%",
    });
    await stageUpload(world, [{ text: "b", missing: "f".repeat(64) }], {
      upload_id: BROKEN,
      dataset: "broken",
    });
  }
});

afterAll(async () => {
  await server.stop("SIGKILL");
  for (const { world } of Object.values(ways)) await rm(world.folder, { recursive: true, force: true });
});

/** What differs from one lake or moment to another, as a word. */
function settled(value: unknown, { world }: Way): unknown {
  const text = JSON.stringify(value, (key, inner) => {
    if (typeof inner === "bigint") return String(inner);
    return /(_at|_ms|_seconds|_per_second|^path|^file|bytes_done|^workers|^pid)$/.test(key)
      ? `a ${key}`
      : inner;
  });
  const told = (text ?? "null").replaceAll(world.folder, "FOLDER").replaceAll(/[uj][0-9a-f]{32}/g, (id) => {
    return [NO_UPLOAD, NO_JOB, BROKEN, GOOD].includes(id) ? id : "an id";
  });
  return JSON.parse(told);
}

async function outcome(way: Way, call: (way: Way) => Promise<unknown>): Promise<unknown> {
  try {
    return settled(await call(way), way);
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    const { code, message, details } = error;
    return settled({ code, message, details: details ?? {} }, way);
  }
}

async function same(call: (way: Way) => Promise<unknown>, expected: unknown): Promise<void> {
  const [here, there] = await Promise.all([outcome(ways.folder, call), outcome(ways.server, call)]);
  expect(there).toEqual(here);
  expect(here).toMatchObject(expected as object);
}

const PROVIDER = { description: "공공 데이터" };
const TASK = { description: "", required: ["lang"], allow: { lang: ["ko"] } };

test("taxonomy", async () => {
  await same(({ lake }) => lake.taxonomy.read(), { providers: { hub: {} }, tasks: { ocr: {} } });
  await same(async ({ lake }) => [await lake.taxonomy.addProvider("aihub", PROVIDER)], ["aihub"]);
  await same(({ lake }) => lake.taxonomy.addProvider("aihub", PROVIDER), { code: "conflict" });
  await same(({ lake }) => lake.taxonomy.addProvider("con", PROVIDER), { code: "invalid_name" });
  await same(({ lake }) => lake.taxonomy.addProvider("a/b", PROVIDER), { code: "invalid_name" });
  await same(async ({ lake }) => [await lake.taxonomy.addTask("kie", TASK)], ["kie"]);
  const own = { items: "$.words", box: "b", form: "xyxy" };
  await same(async ({ lake }) => [await lake.taxonomy.editTask("kie", { view: "funsd" })], ["kie"]);
  const ofPages = { view: own, partition: "hub/pages/v1" };
  await same(async ({ lake }) => [await lake.taxonomy.editTask("kie", ofPages)], ["kie"]);
  await same(async ({ lake }) => (await lake.taxonomy.read()).tasks.kie, {
    ...TASK,
    view: "funsd",
    views: { "hub/pages/v1": own },
  });
  await same(({ lake }) => lake.taxonomy.editTask("none", { view: "funsd" }), { code: "not_found" });
  await same(async ({ lake }) => [await lake.taxonomy.removeTask("kie")], ["kie"]);
  await same(({ lake }) => lake.taxonomy.removeTask("kie"), { code: "not_found" });
  await same(({ lake }) => lake.taxonomy.removeProvider("nobody"), { code: "not_found" });
  await same(({ lake }) => lake.taxonomy.removeProvider("hub"), { code: "in_use" });
});

test("what is not there yet", async () => {
  await same(({ lake }) => lake.catalog.info(), { code: "not_found" });
  await same(({ lake }) => lake.catalog.partitions(), { code: "not_found" });
  await same(({ lake }) => lake.jobs.get(NO_JOB), { code: "not_found" });
  await same(({ lake }) => lake.jobs.watch(NO_JOB, { signal }), { code: "not_found" });
  await same(({ lake }) => lake.uploads.rejects(NO_UPLOAD, 10), { code: "not_found" });
  await same(({ lake }) => lake.uploads.retry(NO_UPLOAD), { code: "not_found" });
  await same(({ lake }) => lake.uploads.remove(NO_UPLOAD), { code: "not_found" });
  await same(({ lake }) => lake.uploads.retry(GOOD), { code: "conflict" });
  await same(({ lake }) => lake.jobs.list(10), []);
  await same(async ({ lake }) => (await lake.jobs.status()).uploads, {
    pending: 2,
    processing: 0,
    failed: 0,
  });
  await same(({ lake }) => lake.uploads.list({ all: true, completed: 5 }), {
    uploads: [{ status: "pending" }, { status: "pending" }],
  });
});

test("jobs", async () => {
  await same(
    async ({ lake }) => {
      const { jobId, alreadyRunning } = await lake.jobs.start({ here: true });
      const steps: string[] = [];
      const job = await lake.jobs.watch(jobId, { signal, onUpdate: ({ status }) => steps.push(status) });
      const again = await lake.jobs.watch(jobId, { signal });
      expect(again).toEqual(job);
      expect(await lake.jobs.get(jobId)).toEqual(job);
      expect((await lake.jobs.list(1))[0]).toEqual(job);
      expect((await lake.jobs.status()).job).toBeNull();
      const outcomes = job.uploads.toSorted((a, b) => (a.upload_id < b.upload_id ? -1 : 1));
      return { alreadyRunning, isTold: steps.length > 0, ...job, uploads: outcomes, progress: null };
    },
    { status: "completed", isTold: true, uploads: [{ status: "failed" }, { rows: 2, rejected: 1 }] },
  );
  await same(({ lake }) => lake.uploads.rejects(GOOD, 10), {
    rejected: 1,
    rejects: [{ reason: "no words" }],
  });
  await same(({ lake }) => lake.uploads.list({ all: true, completed: 5 }), {
    uploads: [{ status: "failed" }, { status: "completed" }],
  });
  await same(
    async ({ lake }) => {
      const refused = await lake.uploads.retry(BROKEN, { maxRejects: "some" }).catch((error) => error.code);
      return [refused];
    },
    ["usage"],
  );
  await same(({ lake }) => lake.uploads.retry(BROKEN, { maxRejects: "5%" }), {
    upload_id: BROKEN,
    status: "pending",
  });
  await same(async ({ lake }) => (await lake.jobs.status()).uploads, { pending: 1, failed: 0 });
});

test("the catalog", async () => {
  await same(({ lake }) => lake.catalog.info(), { rows: 2, partitions: 1 });
  await same(({ lake }) => lake.catalog.partitions(), [{ dataset: "pages", rows: 2 }]);
  const steps: string[][] = [];
  await same(
    async ({ lake }) => {
      const told: string[] = [];
      steps.push(told);
      return lake.catalog.rebuild({ full: true, signal, onStep: (step) => told.push(step) });
    },
    { rows: 2, partitions: 1, failed: [] },
  );
  expect(steps[0]).toEqual(steps[1] as string[]);
});

test("queries", async () => {
  const rows = async ({ lake }: Way, query: RowQuery) => {
    const engine = await lake.engine("duckdb");
    try {
      const result = await engine.retrieveWithExistingCols(query, signal);
      const batches = await Array.fromAsync(result.batches);
      const given = batches.flatMap((batch) => batch.toArray().map((row) => row?.toJSON()));
      return { matchCount: result.matchCount, columns: result.columns, rows: given.map(withoutPlace) };
    } finally {
      engine.close();
    }
  };
  await same((way) => rows(way, { text: "영수증 1" }), { matchCount: 1, rows: [{ text: "영수증 1" }] });
  await same((way) => rows(way, { datasets: ["nothing"] }), { code: "not_found" });
  await same((way) => rows(way, { column: "nothing" }), { code: "not_found" });
  await same((way) => rows(way, { column: "width", text: "x" }), { code: "usage" });
  await same(async ({ lake }) => (await lake.engine("trino")).listTables(), { code: "invalid_config" });
});

function withoutPlace({ path: _, ...row }: Record<string, unknown>) {
  return row;
}

test("downloads", async () => {
  const download = async ({ lake, world }: Way, name: string, query: RowQuery = {}) => {
    const engine = await lake.engine("duckdb");
    const output = join(world.folder, name);
    let told = 0;
    try {
      const request = { query, output, format: "parquet", images: "embed", skipMissing: false } as const;
      const onRows = (done: number) => {
        told = done;
      };
      const result = await lake.download(request, engine, { signal, onRows });
      const bytes = await Bun.file(output).bytes();
      return { ...result, told, sha256: new Bun.CryptoHasher("sha256").update(bytes).digest("hex") };
    } finally {
      engine.close();
    }
  };
  await same((way) => download(way, "rows.parquet"), { rows: 2, missing: 0, told: 2 });
  await same((way) => download(way, "rows.parquet"), { code: "conflict" });
  await same((way) => download(way, "none.parquet", { datasets: ["nothing"] }), { code: "not_found" });
});

test("assets", async () => {
  const verify = async ({ lake }: Way, request: { datasets?: string[] }) => {
    let isTold = false;
    const onProgress = () => {
      isTold = true;
    };
    const found = await lake.assets.verify({ hash: true, ...request }, { signal, onProgress });
    return { ...found, isTold };
  };
  await same((way) => verify(way, {}), { summary: { missing: 0, corrupt: 0 }, findings: [], isTold: true });
  await same((way) => verify(way, { datasets: ["nothing"] }), { code: "not_found" });
});

test("uploads", async () => {
  const upload = async ({ lake, world }: Way, dataset: string, mode: "create" | "append" = "create") => {
    const input = join(world.folder, "글.jsonl");
    await mkdir(world.folder, { recursive: true });
    await writeFile(input, `${JSON.stringify({ text: "가" })}\n${JSON.stringify({ text: "나" })}\n`);
    const session = await openUploadSession({ settings: world.settings, signal });
    try {
      const destination = await lake.uploads.destination();
      const opened = await session.open(input);
      const request = {
        type: "raw",
        provider: "hub",
        dataset,
        mode,
        images: "optimize",
        verify: "full",
        maxRejects: "0",
      } as const;
      const plan = await session.plan(request, opened, destination);
      const { rows, task, variant } = await session.stage(plan, destination);
      return { rows, task, variant };
    } finally {
      await session.close();
    }
  };
  await same((way) => upload(way, "글"), { rows: 2, task: "raw", variant: "text" });
  await same((way) => upload(way, "글"), { code: "partition_exists" });
  await same((way) => upload(way, "PAGES"), { code: "name_clash" });
  const archives = async (way: Way) => {
    const files = { images: join(way.world.folder, "원천.zip"), labels: join(way.world.folder, "라벨.zip") };
    await writeFile(
      files.images,
      zipOf([{ name: "Training/1.jpg", data: await makeImage(1), deflate: true }]),
    );
    await writeFile(files.labels, zipOf([{ name: "Training/1.json", data: '{"글": 1}' }]));
    const target = await way.lake.uploads.destination();
    const upload = {
      provider: "hub",
      dataset: "zips",
      input: Object.values(files),
      read: { splitFromFolder: true },
    };
    const { rows, columns, staged_files } = await uploadTo(target, way.world.settings, "raw", upload, signal);
    return { rows, columns: columns.map(({ name }) => name), staged_files };
  };
  await same(archives, { rows: 1, columns: ["split", "label"], staged_files: 1 });
  await same(
    async ({ lake }) => {
      const partitions = await (await lake.uploads.destination()).partitions();
      return partitions.map(({ dataset }) => dataset).sort();
    },
    ["broken", "pages", "zips", "글"],
  );
});

test("an upload that is taken back", async () => {
  await same(({ lake }) => lake.uploads.remove(GOOD), { code: "not_found" });
  await same(({ lake }) => lake.uploads.remove(BROKEN), { upload_id: BROKEN, status: "removed", rows: 1 });
  await same(async ({ lake }) => [(await lake.jobs.status()).uploads.failed], [0]);
  await same(({ lake }) => lake.uploads.remove(BROKEN), { code: "not_found" });
});
