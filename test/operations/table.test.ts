/** An operation that is one file and one row reaches people by every door. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { DatalakeClient } from "../../src/client/index.ts";
import { EXPORT } from "../../src/operations/export/operation.ts";
import { makeWorld, runProgram, type World } from "../jobs/staging-kit.ts";
import { type ServeProcess, startServe, until } from "../server/server-kit.ts";
import { COUNT } from "./toy.ts";

setDefaultTimeout(120_000);

/** Starts the program with the operation in place of that without. */
const WITH_COUNT = ["sh", "-c", `shift; exec "$0" '${join(import.meta.dir, "toy-main.ts")}' "$@"`];
const REQUEST = ["--request", '{"to":3}', "--json", "--quiet"];

let world: World;
let server: ServeProcess;

beforeAll(async () => {
  world = await makeWorld();
  server = await startServe(world, [], WITH_COUNT);
});

afterAll(async () => {
  await server.stop("SIGKILL");
  await rm(world.folder, { recursive: true, force: true });
});

const counted = () => ({ counted: 3, lake: world.lake.root });

test("by command, on a folder and at a server", async () => {
  const here = await runProgram(world, ["run", "count", ...REQUEST], WITH_COUNT);
  expect([here.exit, JSON.parse(here.stdout)]).toEqual([0, counted()]);
  const away = { ...world, env: { ...world.env, DATALAKE_LAKE: "" } };
  const there = await runProgram(away, ["run", "count", ...REQUEST, "--server", server.url], WITH_COUNT);
  expect([there.exit, JSON.parse(there.stdout)]).toEqual([0, counted()]);
  const logs = join(world.lake.root, "logs");
  const names = (await readdir(logs)).filter((name) => name.startsWith("audit-"));
  const audit = (await Promise.all(names.map((name) => readFile(join(logs, name), "utf8")))).join("");
  expect(audit).toContain('"action":"datalake run count"');
  expect(audit).toContain('"action":"POST /operations"');
});

test("what is no operation, or no request, is a usage error that says what to do", async () => {
  const run = async (...args: string[]) => {
    const { exit, stderr } = await runProgram(world, ["run", ...args], WITH_COUNT);
    return [exit, stderr.trim()];
  };
  expect(await run("cuont")).toEqual([2, "datalake: there is no operation cuont; did you mean count?"]);
  expect(await run()).toEqual([
    2,
    "datalake: no operation is named; they are rebuild, verify, check-labels, statistics, compare, doctor, count",
  ]);
  expect(await run("export")).toMatchObject([2, expect.stringContaining("`datalake download`")]);
  expect(await run("count", "--request", "3")).toMatchObject([2, expect.stringContaining("object")]);
  expect(await run("count", "--request", "{")).toMatchObject([2, expect.stringContaining("is not JSON")]);
});

test("by HTTP: started, followed, described, forgotten", async () => {
  const ask = async (method: string, path: string, body?: object) => {
    const headers = { "content-type": "application/json" };
    const sent = body === undefined ? {} : { body: JSON.stringify(body), headers };
    const response = await fetch(`${server.url}${path}`, { method, ...sent });
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  };
  const { body: started } = await ask("POST", "/operations/count", { to: 3 });
  expect(started).toMatchObject({ operation: "count", result: null });
  const path = `/operations/count/${started.id}`;
  await until(async () => (await ask("GET", path)).body.finished_at !== null);
  expect((await ask("GET", path)).body).toMatchObject({
    status: "completed",
    progress: { done: 3, total: 3 },
    result: counted(),
  });
  expect((await ask("POST", "/operations/count", { to: -1 })).status).toBe(400);
  expect((await ask("DELETE", path)).body).toEqual({ removed: started.id });
  expect((await ask("GET", path)).status).toBe(404);
  const { paths } = (await ask("GET", "/openapi.json")).body as { paths: object };
  expect(Object.keys(paths)).toContain("/operations/count/{id}");
  const metrics = await (await fetch(`${server.url}/metrics`)).text();
  expect(metrics).toContain('datalake_operations_running{operation="count"} 0');
});

test("by the SDK, through a server", async () => {
  const seen: number[] = [];
  using client = new DatalakeClient({ serverUrl: server.url });
  const result = await client.run(COUNT, { to: 3 }, { onProgress: ({ done }) => seen.push(done) });
  expect(result).toEqual(counted());
  expect(seen.at(-1)).toBe(3);
});

test("by the SDK, on a folder", async () => {
  using client = new DatalakeClient({ basePath: world.lake.root });
  // In this process: its own program, which a child would be, does not know the operation.
  expect(await client.run({ ...COUNT, isolated: false }, { to: 3 })).toEqual(counted());
});

test("what needs a place for its output is refused on a folder, by the name of its command", async () => {
  using client = new DatalakeClient({ basePath: world.lake.root });
  await expect(client.run(EXPORT, { format: "parquet" })).rejects.toMatchObject({
    code: "usage",
    message: expect.stringContaining("`datalake download`"),
  });
});
