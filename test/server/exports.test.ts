import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { mkdir, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { silentLogger } from "../../src/log.ts";
import { EXPORT } from "../../src/operations/export/operation.ts";
import type { ExportState } from "../../src/schema/export.ts";
import { type Asker, createOperationRuns, type OperationRuns } from "../../src/server/work/operation-runs.ts";
import {
  makeImage,
  makeWorld,
  PROGRAM,
  readRows,
  runProgram,
  sha256,
  stageUpload,
  type World,
} from "../jobs/staging-kit.ts";
import { type ServeProcess, startServe, until } from "./server-kit.ts";

setDefaultTimeout(120_000);

let world: World;
let server: ServeProcess;

beforeAll(async () => {
  world = await makeWorld();
  const images = await Promise.all(Array.from({ length: 4 }, (_, at) => makeImage(at)));
  await stageUpload(
    world,
    images.map((image, at) => ({ text: `글 ${at}`, name: `${at}.jpg`, image })),
    { dataset: "책" },
  );
  await runProgram(world, ["process", "start", "--wait", "--quiet"]);
  // A killed server leaves its exports; this one is not yet known to be nobody's.
  const left = join(exportsFolder(), "e0", "output");
  await mkdir(left, { recursive: true });
  await writeFile(join(left, "data.parquet"), "old");
  server = await startServe(world);
});

afterAll(async () => {
  await server.stop("SIGKILL");
  await rm(world.folder, { recursive: true, force: true });
});

function exportsFolder(): string {
  const { settings, lake } = world;
  return join(settings.scratchFolder, `exports-${Bun.hash(lake.root).toString(16)}`);
}

const ask = async (method: string, path: string, body?: unknown) => {
  const response = await fetch(`${server.url}${path}`, {
    method,
    ...(body === undefined
      ? {}
      : { body: JSON.stringify(body), headers: { "content-type": "application/json" } }),
  });
  return { status: response.status, body: await response.json() };
};

async function finished(body: object): Promise<ExportState> {
  const started = await ask("POST", "/exports", body);
  expect(started.status).toBe(200);
  const path = `/exports/${(started.body as ExportState).export_id}`;
  let state = started.body as ExportState;
  await until(async () => {
    state = (await ask("GET", path)).body as ExportState;
    return state.finished_at !== null;
  });
  return state;
}

test("what a killed server left is gone when the next one serves", async () => {
  await until(async () => !(await readdir(exportsFolder()).catch((): string[] => [])).includes("e0"));
});

test("an export is made, described with sizes and digests, given out in parts, and removed", async () => {
  const state = await finished({ datasets: ["책"], format: "dataset" });
  expect(state).toMatchObject({
    status: "completed",
    progress: { rows_done: 4, rows_total: 4 },
    result: { rows: 4, missing: 0 },
  });
  expect(state.files.map(({ name }) => name)).toEqual([
    "data-00000-of-00001.arrow",
    "dataset_info.json",
    "manifest.json",
    "state.json",
  ]);
  const base = `${server.url}/exports/${state.export_id}/files`;
  for (const { name, bytes, sha256: digest } of state.files) {
    const whole = await fetch(`${base}/${name}`);
    const content = await whole.bytes();
    expect(content.length).toBe(bytes);
    expect(sha256(content)).toBe(digest);
    expect(whole.headers.get("etag")).toBe(`"${digest}"`);
    const part = await fetch(`${base}/${name}`, { headers: { range: "bytes=10-" } });
    expect(part.status).toBe(206);
    expect(Buffer.from(await part.bytes()).equals(Buffer.from(content.subarray(10)))).toBeTrue();
    const head = await fetch(`${base}/${name}`, { method: "HEAD" });
    expect(head.headers.get("content-length")).toBe(String(bytes));
  }
  const [first] = state.files;
  const etag = `"${first?.sha256}"`;
  const get = (headers: Record<string, string>) => fetch(`${base}/${first?.name}`, { headers });
  expect((await get({ "if-none-match": etag })).status).toBe(304);
  expect((await get({ range: "bytes=5-", "if-range": etag })).status).toBe(206);
  expect((await get({ range: "bytes=5-", "if-range": '"other"' })).status).toBe(200);
  expect((await get({ range: "bytes=999999999-" })).status).toBe(416);
  for (const name of ["nothing", "..%2F..%2Foutput%2Fmanifest.json", "%2e%2e/manifest.json"]) {
    expect((await ask("GET", `/exports/${state.export_id}/files/${name}`)).status).toBe(404);
  }
  expect((await ask("DELETE", `/exports/${state.export_id}`)).status).toBe(200);
  expect((await ask("GET", `/exports/${state.export_id}`)).status).toBe(404);
  expect(await readdir(exportsFolder())).not.toContain(state.export_id);
});

test("an export that cannot be made says why, and leaves nothing", async () => {
  const state = await finished({ datasets: ["nothing"], format: "parquet" });
  expect(state).toMatchObject({ status: "failed", error: { code: "not_found" }, files: [] });
  expect((await ask("GET", `/exports/${state.export_id}/files/manifest.json`)).status).toBe(409);
  expect(await readdir(exportsFolder())).not.toContain(state.export_id);
});

/** Runs of their own, without a server, whose child is started behind `prefix`. */
async function withRuns(
  options: { keepMs?: number; prefix?: string[] },
  use: (runs: OperationRuns<typeof EXPORT>, folder: string) => Promise<void>,
): Promise<void> {
  const { lake, settings } = world;
  const { prefix = [], keepMs = 60_000 } = options;
  const served = { ...EXPORT.served, kept: { forMs: keepMs } } as typeof EXPORT.served;
  const folder = join(world.folder, `runs-${crypto.randomUUID()}`);
  const selfCommand = [...prefix, ...PROGRAM];
  const runs = createOperationRuns(
    { ...EXPORT, served },
    { lake, settings, selfCommand, logger: silentLogger, folder },
  );
  try {
    await use(runs, folder);
  } finally {
    await runs.close();
  }
}

const ROOT: Asker = { name: "root", role: "admin", identity: "root" };
const REQUEST = { datasets: ["책"], format: "parquet", images: "embed", skip_missing: false } as const;

test("an export goes when nobody has asked for it for its time, and with the server", async () => {
  await withRuns({ keepMs: 1500 }, async (runs, folder) => {
    const { id } = runs.start({ ...REQUEST, datasets: ["책"] }, ROOT);
    await until(async () => runs.get(id, ROOT).status === "completed");
    expect(await readdir(folder)).toEqual([id]);
    await until(async () => (await readdir(folder)).length === 0);
    expect(() => runs.get(id, ROOT)).toThrow(`no export ${id}`);
    const other = runs.start({ ...REQUEST, datasets: ["책"] }, ROOT);
    await runs.close();
    expect(other.status).toBe("cancelled");
    expect(await readdir(folder).catch(() => "gone")).toBe("gone");
    expect(() => runs.start({ ...REQUEST, datasets: ["책"] }, ROOT)).toThrow("stopping");
  });
});

test("an export is of whoever asked for it, and of administrators; to others it is not there", async () => {
  const kim: Asker = { name: "kim", role: "reader", identity: "kim" };
  const lee: Asker = { name: "lee", role: "curator", identity: "lee" };
  // The child does nothing until it is told to stop: what runs and what waits stays so.
  await withRuns({ prefix: ["sh", "-c", "exec cat > /dev/null", "sh"] }, async (runs) => {
    const { id } = runs.start({ ...REQUEST, datasets: ["책"] }, kim);
    expect(runs.get(id, kim).id).toBe(id);
    expect(runs.get(id, ROOT).id).toBe(id);
    for (const ask of [
      () => runs.get(id, lee),
      () => runs.file(id, "manifest.json", lee),
      () => runs.forget(id, lee),
    ]) {
      expect(ask).toThrow(`no export ${id}`);
    }
    // One asker fills neither all places nor the queue of the others.
    const start = () => runs.start({ ...REQUEST, datasets: ["책"] }, kim);
    const others = Array.from({ length: 19 }, start);
    await until(async () => others.filter(({ status }) => status === "running").length === 1);
    others.push(start(), start());
    expect(() => runs.start({ ...REQUEST, datasets: ["책"] }, kim)).toThrow("of yours are waiting already");
    const mine = runs.start({ ...REQUEST, datasets: ["책"] }, lee);
    await until(async () => mine.status === "running");
    await Promise.all([...others.map(({ id }) => id), id].map((one) => runs.forget(one, kim)));
    expect(() => runs.get(id, ROOT)).toThrow(`no export ${id}`);
  });
});

const mayMount = Bun.spawnSync(["unshare", "-Urm", "true"]).exitCode === 0;

test.skipIf(!mayMount)("a server without room says so in one sentence, and leaves nothing", async () => {
  const small = join(world.folder, "small");
  await mkdir(small);
  const mounted = 'mount -t tmpfs -o size=8k tmpfs "$0" && exec "$@"';
  const { lake, settings } = world;
  const runs = createOperationRuns(EXPORT, {
    lake,
    settings,
    selfCommand: ["unshare", "-Urm", "sh", "-c", mounted, small, ...PROGRAM],
    logger: silentLogger,
    folder: join(small, "exports"),
  });
  const state = runs.start({ ...REQUEST, datasets: ["책"] }, ROOT);
  await until(async () => state.finished_at !== null);
  expect(state).toMatchObject({ status: "failed", error: { code: "no_space" }, files: [] });
  expect(state.error?.message).toContain("no space is left");
  await runs.close();
});

test("requests that mean nothing over a network are refused", async () => {
  for (const body of [
    { format: "dataset", images: "reference" },
    { format: "parquet", samples: { split: { train: 1 } } },
    { format: "coco", samples: { prompt: { user: "?", answer: "ocr" } } },
    { format: "coco", samples: { group_by: ["text"] } },
    { format: "zip" },
    { format: "dataset", output: "/etc" },
    { format: "dataset", json_path: "$.a" },
  ]) {
    expect((await ask("POST", "/exports", body)).status).toBe(400);
  }
});

test("an asset is given out by the path of its row, whole and in part, and nothing else is", async () => {
  const [row] = (await readRows(world, "raw", "image", "책")) as { path: string; hash: string }[];
  const { path = "", hash } = row ?? {};
  const content = await readFile(world.lake.layout.asset(path));
  const url = `${server.url}/assets/${path.split("/").map(encodeURIComponent).join("/")}`;
  const whole = await fetch(url);
  expect(whole.status).toBe(200);
  expect(Buffer.from(await whole.bytes()).equals(content)).toBeTrue();
  expect(whole.headers.get("etag")).toBe(`"${hash}"`);
  expect(whole.headers.get("content-type")).toStartWith("image/");
  expect(whole.headers.get("cache-control")).toContain("immutable");
  expect((await fetch(url, { headers: { "if-none-match": `"${hash}"` } })).status).toBe(304);
  const part = await fetch(url, { headers: { range: "bytes=-7" } });
  expect(Buffer.from(await part.bytes()).equals(content.subarray(-7))).toBeTrue();
  expect((await stat(world.lake.layout.taxonomy)).isFile()).toBeTrue();
  const folder = path.slice(0, path.lastIndexOf("/"));
  const link = path.replace(/[0-9a-f]{60}\./, `${"1".repeat(60)}.`);
  await symlink(world.lake.layout.taxonomy, world.lake.layout.asset(link));
  for (const wrong of [
    "..%2Fconfig%2Fschema.yaml",
    "%2e%2e%2fconfig%2fschema.yaml",
    "provider=hub/dataset=..%2F..%2F..%2Fconfig/schema.yaml",
    `${encodeURI(folder)}/`,
    encodeURI(folder),
    `${encodeURI(path)}%00`,
    encodeURI(link),
    encodeURI(path.replace(/[0-9a-f]{60}\./, `${"0".repeat(60)}.`)),
    "",
  ]) {
    expect([wrong, (await fetch(`${server.url}/assets/${wrong}`)).status]).toEqual([wrong, 404]);
  }
});
