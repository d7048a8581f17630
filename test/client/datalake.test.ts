import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { Binary, Int32, Table, Utf8, vectorFromArray } from "apache-arrow";
import { AppError, DatalakeClient, type DatalakeClientOptions } from "../../src/client/index.ts";
import { codeOf } from "../code-of.ts";
import {
  fingerprintTree,
  makeImage,
  makeWorld,
  readRows,
  stageUpload,
  type World,
} from "../jobs/staging-kit.ts";
import { type ServeProcess, startServe } from "../server/server-kit.ts";

setDefaultTimeout(120_000);

interface Way {
  name: string;
  world: World;
  options: DatalakeClientOptions;
}

const before = { ...process.env };
const ways: Way[] = [];
let server: ServeProcess;

beforeAll(async () => {
  const [served, local] = await Promise.all([makeWorld(), makeWorld()]);
  process.env.DATALAKE_CACHE = join(local.folder, "cache");
  server = await startServe(served);
  ways.push({ name: "server", world: served, options: { serverUrl: server.url } });
  ways.push({
    name: "folder",
    world: local,
    options: { basePath: local.lake.root, numProc: 1, batchSize: 50 },
  });
});

afterAll(async () => {
  await server.stop("SIGKILL");
  process.env = before;
  for (const { world } of ways) await rm(world.folder, { recursive: true, force: true });
});

describe.each(["server", "folder"])("a client through a %s", (name) => {
  let way: Way;
  let client: DatalakeClient;

  beforeAll(() => {
    way = ways.find((one) => one.name === name) as Way;
    client = new DatalakeClient(way.options);
  });
  afterAll(() => client.close());

  test("processes what waits, and follows the job to its end", async () => {
    expect(await codeOf(client.getCatalogInfo())).toBe("not_found");
    expect(await codeOf(client.getJobStatus(`j${"0".repeat(32)}`))).toBe("not_found");
    const images = await Promise.all(Array.from({ length: 3 }, (_, at) => makeImage(at)));
    const rows = images.map((image, at) => ({ text: `글 ${at}`, name: `${at}.jpg`, image }));
    await stageUpload(way.world, rows);
    await stageUpload(way.world, [{ text: "b", missing: "f".repeat(64) }], { dataset: "broken" });
    expect(await client.getStatus()).toMatchObject({ uploads: { pending: 2, processing: 0, failed: 0 } });

    const { jobId, alreadyRunning } = await client.triggerProcessing();
    expect(alreadyRunning).toBeFalse();
    const steps: string[] = [];
    const job = await client.waitForJobCompletion(jobId, { onUpdate: ({ status }) => steps.push(status) });
    expect(job).toMatchObject({ job_id: jobId, status: "completed" });
    expect(job.uploads.map(({ status }) => status).sort()).toEqual(["completed", "failed"]);
    expect(await client.getJobStatus(jobId)).toMatchObject({ job_id: jobId, status: "completed" });
    expect((await client.listJobs()).map(({ job_id }) => job_id)).toEqual([jobId]);
    expect(await client.getStatus()).toMatchObject({
      job: null,
      uploads: { pending: 0, processing: 0, failed: 1 },
    });
  });

  test("tells what the catalog holds, and builds it", async () => {
    expect(await client.getCatalogInfo()).toMatchObject({ rows: 3, partitions: 1 });
    expect(await client.buildCatalog({ full: true })).toMatchObject({ refreshed: 1, failed: [] });
    expect(await client.getPartitions()).toMatchObject([
      { dataset: "pages", rows: 3, uploaded_by: "tester" },
    ]);
    expect(await client.getPartitions({ datasets: ["other"] })).toEqual([]);
  });

  test("finds rows, as batches and as one table", async () => {
    const found = await client.search({ text: "글", limit: 2 });
    expect(found).toMatchObject({ rowCount: 2, matchCount: 3, partitions: [{ dataset: "pages", rows: 3 }] });
    let rowCount = 0;
    for await (const batch of found.batches) rowCount += batch.numRows;
    expect(rowCount).toBe(2);
    const table = await client.toArrow({ text: "글 1" });
    expect(table.numRows).toBe(1);
    expect(table.getChild("text")?.get(0)).toBe("글 1");
    expect(table.schema.metadata.has("datalake")).toBeFalse();
    expect(await codeOf(client.search({ datasets: ["other"] }))).toBe("not_found");
    expect(await codeOf(client.search({ json_path: "$.a" }))).toBe("usage");
  });

  test("downloads, once", async () => {
    const output = join(way.world.folder, "taken");
    const taken = await client.download({ output, query: { tasks: ["raw"] } });
    expect(taken).toMatchObject({ rows: 3, format: "dataset", images: "embed", missing: 0 });
    expect(Object.keys(await fingerprintTree(output)).sort()).toEqual([
      "data-00000-of-00001.arrow",
      "dataset_info.json",
      "manifest.json",
      "state.json",
    ]);
    expect(await codeOf(client.download({ output }))).toBe("conflict");
  });

  test("has the assets checked", async () => {
    const whole = await client.requestAssetValidation({ hash: true });
    expect(whole).toMatchObject({ summary: { checked: 3, ok: 3, missing: 0 }, findings: [] });
    const [row] = (await readRows(way.world)) as { path: string }[];
    await rm(way.world.lake.layout.asset(row?.path ?? ""));
    const { summary, findings } = await client.requestAssetValidation();
    expect(summary).toMatchObject({ missing: 1, ok: 2 });
    expect(findings).toMatchObject([{ problem: "missing", path: row?.path }]);
    const output = join(way.world.folder, "gap");
    expect(await codeOf(client.download({ output }))).toBe("missing_asset");
    expect(await client.download({ output, skipMissing: true })).toMatchObject({ rows: 2, missing: 1 });
    expect(await codeOf(client.requestAssetValidation({ sample: 2 }))).toBe("usage");
  });

  test("ends with its signal", async () => {
    const stop = new AbortController();
    const ended = new DatalakeClient({ ...way.options, signal: stop.signal });
    await ended.getCatalogInfo();
    stop.abort();
    expect(await codeOf(ended.search())).toBe("cancelled");
    expect(await codeOf(client.search({}, { signal: AbortSignal.abort() }))).toBe("cancelled");
  });
});

test("a lake is named one way, and a server that is away is told", async () => {
  expect(() => new DatalakeClient({ basePath: "/a", serverUrl: "http://b" })).toThrow(AppError);
  expect(await codeOf(new DatalakeClient({ serverUrl: "http://127.0.0.1:1" }).getStatus())).toBe(
    "server_unreachable",
  );
  expect(await codeOf(new DatalakeClient({ basePath: "/nowhere" }).getStatus())).toBe("no_lake");
});

describe.each(["server", "folder"])("uploads of a client through a %s", (name) => {
  const open = () => {
    const way = ways.find((one) => one.name === name) as Way;
    return { client: new DatalakeClient(way.options), dataset: "sdk" };
  };

  test("from an Arrow table with images, and from rows as they come", async () => {
    const { client, dataset } = open();
    const images = await Promise.all([900, 901, 902].map((at) => makeImage(at)));
    const table = new Table({
      image: vectorFromArray(images, new Binary()),
      page: vectorFromArray([1, 2, 3], new Int32()),
      name: vectorFromArray(["하나.jpg", "둘.jpg", "셋.jpg"], new Utf8()),
    });
    const raw = await client.uploadRawData({ provider: "hub", dataset, input: table });
    expect(raw).toMatchObject({ type: "raw", rows: 3, content: "image", dataset });
    const { jobId } = await client.triggerProcessing();
    expect((await client.waitForJobCompletion(jobId)).status).toBe("completed");
    const pages = await client.toArrow({ datasets: [dataset], tasks: ["raw"] });
    expect(pages.numRows).toBe(3);
    const hashes = [...(pages.getChild("hash") ?? [])].map(String);
    async function* labels() {
      for (const [at, hash] of hashes.entries())
        yield { hash, label: { words: [`낱말 ${at}`] }, count: 9007199254740993n + BigInt(at) };
    }
    const task = { provider: "hub", dataset, task: "ocr", variant: "sdk", meta: { lang: "ko" } };
    expect(await client.uploadTaskData({ ...task, input: labels() })).toMatchObject({ rows: 3 });
    const job = await client.triggerProcessing();
    expect((await client.waitForJobCompletion(job.jobId)).uploads).toMatchObject([
      { status: "completed", rejected: 0 },
    ]);
    const found = await client.search({ text: "낱말 1", column: "label", datasets: [dataset] });
    expect(found.matchCount).toBe(1);
    const [one] = (await Array.fromAsync(found.batches)).flatMap((batch) => [...batch]);
    expect(one?.count).toBe(9007199254740994n);
    expect(await codeOf(client.uploadTaskData({ ...task, input: labels() }))).toBe("partition_exists");
    expect(await codeOf(client.uploadTaskData({ ...task, meta: { lang: "xx" }, input: labels() }))).toBe(
      "usage",
    );
    const bytes = [{ hash: hashes[0], image: new Uint8Array(3) }];
    expect(await codeOf(client.uploadTaskData({ ...task, mode: "append", input: bytes }))).toBe(
      "invalid_input",
    );
    client.close();
  });
});
