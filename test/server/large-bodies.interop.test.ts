/** What the largest body of each route costs a server: never the time of those who ask something else. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { readFile, rm } from "node:fs/promises";
import { createUploadId } from "../../src/schema/names.ts";
import { makeWorld, runProgram, stageUpload, type World } from "../jobs/staging-kit.ts";
import { type JsonSchema, type LargeBody, largeBodies } from "./large-bodies.ts";
import { type ServeProcess, startServe } from "./server-kit.ts";

setDefaultTimeout(300_000);

const HASH = "0".repeat(64);
const UPLOAD = createUploadId();
const KEY = { provider: "hub", dataset: "new", task: "raw", variant: "text" };
const COLUMNS = [{ name: "text", type: "VARCHAR" }];
const OFFER = { identity: HASH, key: KEY, mode: "create", columns: COLUMNS, refers_to_raw: false };
const SELECTION = { providers: ["hub"], datasets: ["book"], tasks: ["raw"], variants: ["text"] };
const MANIFEST = {
  ...{ format: 1, upload_id: UPLOAD, created_at: "2026-01-01T00:00:00.000Z", created_by: "kim" },
  ...{ type: "raw", ...KEY, mode: "create", images: "optimize", verify: "full", max_rejects: "1%" },
  ...{ description: "", source: "", meta: { lang: "ko" }, rows: 1, columns: COLUMNS, features: {} },
  ...{ content: null, contents: 0, staged_files: 0, staged_bytes: 0, reference: null },
};

/** A body that each route takes. */
const VALID: Record<string, unknown> = {
  "post /search": { ...SELECTION, column: "text", text: "a", limit: 1 },
  "post /query": { sql: "SELECT 1" },
  "post /exports": { ...SELECTION, column: "text", text: "a", limit: 1, format: "parquet" },
  "post /validate-assets": { ...SELECTION, sample: "1%" },
  "post /process": {},
  "post /catalog/rebuild": { full: false },
  "post /operations/check-labels": { ...SELECTION, view: "coco" },
  "post /operations/compare": { provider: "hub", dataset: "book", task: "ocr", a: "v1", b: "v2" },
  "post /operations/doctor": { full: true },
  "post /operations/statistics": { ...SELECTION, column: "text", text: "a", limit: 1 },
  "post /session": { token: "a" },
  "put /log-level": { level: "info" },
  "post /config/providers/{name}": { description: "" },
  "post /config/tasks/{name}": { description: "", required: ["lang"], allow: { lang: ["ko"] } },
  "put /config/tasks/{name}": { view: "coco" },
  "post /uploads": OFFER,
  "post /uploads/check": OFFER,
  "post /uploads/names": { key: { ...KEY, dataset: "book" }, column: "source_name", names: ["a"] },
  "post /uploads/{id}/known": { hashes: [HASH] },
  "post /uploads/{id}/commit": MANIFEST,
};

let world: World;
let server: ServeProcess;
let operations: { name: string; schema: JsonSchema }[];

beforeAll(async () => {
  world = await makeWorld();
  await stageUpload(world, [{ text: "a" }], { dataset: "book", variant: "text" });
  await runProgram(world, ["process", "start", "--wait", "--quiet"]);
  server = await startServe(world);
  const { paths } = (await (await fetch(`${server.url}/openapi.json`)).json()) as {
    paths: Record<
      string,
      Record<string, { requestBody?: { content: Record<string, { schema: JsonSchema }> } }>
    >;
  };
  operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).flatMap(([method, { requestBody }]) => {
      const schema = requestBody?.content["application/json"]?.schema;
      return schema === undefined ? [] : [{ name: `${method} ${path}`, schema }];
    }),
  );
});
afterAll(async () => {
  await server.stop("SIGKILL");
  await rm(world.folder, { recursive: true, force: true });
});

async function send(name: string, body: string, type = "application/json") {
  const [method = "", path = ""] = name.split(" ");
  const response = await fetch(
    `${server.url}${path.replace("{id}", UPLOAD).replace("{name}", `n${Bun.hash(body)}`)}`,
    { method: method.toUpperCase(), headers: { "content-type": type }, body },
  );
  return { status: response.status, text: await response.text() };
}

/** A program that asks for the health until its input ends, and prints how many milliseconds the slowest answer took. */
const WATCHER = `
  let worst = 0, ends = false;
  process.stdin.on("end", () => { ends = true; }).resume();
  while (!ends) {
    const startMs = performance.now();
    await (await fetch(process.argv[1] + "/health")).text();
    worst = Math.max(worst, performance.now() - startMs);
    await Bun.sleep(5);
  }
  console.log(worst);
  process.exit(0);
`;

/** Time that a program was ready to run while the machine ran others (proc_pid_schedstat(5)); 0 where that is not told. */
async function heldUpMs(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/schedstat`, "utf8").catch(() => "");
  return Number(stat.split(" ")[1] ?? 0) / 1e6;
}

/**
 * How long the health had to wait at most while something was done, but for what the machine did instead. A program of
 * its own, as we may be busy.
 */
async function worstHealthMs(work: () => Promise<void>): Promise<number> {
  const before = await heldUpMs(server.pid);
  const watcher = Bun.spawn([process.execPath, "-e", WATCHER, server.url], {
    stdin: "pipe",
    stdout: "pipe",
    stderr: "inherit",
  });
  let heldUp = 0;
  try {
    await work();
  } finally {
    heldUp = (await heldUpMs(server.pid)) - before + (await heldUpMs(watcher.pid));
    await watcher.stdin.end();
  }
  return Number(await new Response(watcher.stdout).text()) - heldUp;
}

const TICK_MS = 10;

/** Processor time that the server itself has used, by /proc; what it does for one request holds up all others. */
async function usedMs(): Promise<number> {
  const stat = await readFile(`/proc/${server.pid}/stat`, "utf8");
  const [user, system] = stat
    .slice(stat.lastIndexOf(")") + 2)
    .split(" ")
    .slice(11, 13)
    .map(Number);
  return ((user ?? 0) + (system ?? 0)) * TICK_MS;
}

async function residentMegabytes(): Promise<number> {
  const status = await readFile(`/proc/${server.pid}/status`, "utf8");
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024;
}

/** What a small error document takes. */
const MAX_ANSWER_BYTES = 3000;
/** Of a body; most take 50 ms, for parsing it. */
const MAX_USED_MS = 500;
/** On a quiet machine it is below 100 ms. */
const MAX_HEALTH_MS = 3000;
const MAX_RESIDENT_MB = 700;

test("every route that takes a body stands here", () => {
  expect(operations.map(({ name }) => name).sort()).toEqual(Object.keys(VALID).sort());
});

test("whatever stands in the largest body, the answer is quick, small and no fault of the server", async () => {
  const wrong: string[] = [];
  const judge = async (name: string, { what, text, isWrong }: LargeBody) => {
    const before = await usedMs();
    const { status, text: answer } = await send(name, text);
    const used = (await usedMs()) - before;
    const isSmall = status < 400 || answer.length <= MAX_ANSWER_BYTES;
    const isRight = status < 500 && (status >= 400 || !isWrong);
    if (!isRight || !isSmall || used > MAX_USED_MS)
      wrong.push(`${name} ${what}: ${status} in ${used} ms: ${answer.slice(0, 300)}`);
  };
  const waitedMs = await worstHealthMs(async () => {
    for (const { name, schema } of operations) {
      for (const body of largeBodies(schema, VALID[name])) await judge(name, body);
    }
  });
  expect(wrong).toEqual([]);
  expect(waitedMs).toBeLessThan(MAX_HEALTH_MS);
  expect(await residentMegabytes()).toBeLessThan(MAX_RESIDENT_MB);
});

test("a body of another type is refused without parsing it", async () => {
  const form = "a=1&".repeat(200_000);
  for (const type of ["application/x-www-form-urlencoded", "text/plain", "application/octet-stream"]) {
    const { status, text } = await send("post /search", form, type);
    expect({ type, status }).toEqual({ type, status: 400 });
    expect(text).toContain("send JSON");
  }
  expect((await send("post /search", '{"limit":0}', "Application/JSON; charset=utf-8")).status).toBe(200);
});
