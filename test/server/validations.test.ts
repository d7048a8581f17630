import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { silentLogger } from "../../src/log.ts";
import { VERIFY } from "../../src/operations/verify/operation.ts";
import { type Asker, createOperationRuns } from "../../src/server/work/operation-runs.ts";
import { makeImage, makeWorld, readRows, runProgram, stageUpload, type World } from "../jobs/staging-kit.ts";
import { type ServeProcess, startServe, until } from "./server-kit.ts";

setDefaultTimeout(120_000);

let world: World;
let server: ServeProcess;

beforeAll(async () => {
  world = await makeWorld();
  const images = await Promise.all(Array.from({ length: 6 }, (_, at) => makeImage(at)));
  await stageUpload(
    world,
    images.map((image, at) => ({ text: `${at}`, name: `${at}.jpg`, image })),
  );
  await runProgram(world, ["process", "start", "--wait", "--quiet"]);
  const [row] = (await readRows(world)) as { path: string }[];
  await rm(world.lake.layout.asset(row?.path ?? ""));
  server = await startServe(world);
});

afterAll(async () => {
  await server.stop("SIGKILL");
  await rm(world.folder, { recursive: true, force: true });
});

const ask = async (method: string, path: string, body?: unknown) => {
  const response = await fetch(`${server.url}${path}`, {
    method,
    ...(body === undefined
      ? {}
      : { body: JSON.stringify(body), headers: { "content-type": "application/json" } }),
  });
  return { status: response.status, body: (await response.json()) as Record<string, never> };
};

test("a check runs in the server, and its report is there as JSON and CSV", async () => {
  const started = await ask("POST", "/validate-assets", { datasets: ["pages"], hash: true });
  expect(String(started.body.validation_id)).toMatch(/^v[0-9a-f]{32}$/);
  const path = `/validations/${started.body.validation_id}`;
  await until(async () => (await ask("GET", path)).body.status === "completed");
  const { body } = await ask("GET", path);
  expect(body).toMatchObject({
    status: "completed",
    progress: { done: 6, total: 6, missing: 1 },
    summary: { checked: 6, missing: 1, corrupt: 0 },
    findings: [{ problem: "missing", dataset: "pages" }],
  });
  const report = await fetch(`${server.url}${path}/report`);
  expect(((await report.json()) as typeof body).findings).toEqual(body.findings);
  const csv = await fetch(`${server.url}${path}/report?format=csv`);
  expect(csv.headers.get("content-type")).toStartWith("text/csv");
  expect((await csv.text()).split("\r\n").length).toBe(3);
  expect((await ask("DELETE", path)).body).toMatchObject({ error: { code: "conflict" } });
});

test("what cannot be checked is told by its code", async () => {
  const code = async (method: string, path: string, body?: unknown) => {
    const answer = await ask(method, path, body);
    return [answer.status, (answer.body as { error?: { code: string } }).error?.code];
  };
  expect(await code("POST", "/validate-assets", { sample: "200%" })).toEqual([400, "usage"]);
  expect(await code("POST", "/validate-assets", { dataset: "pages" })).toEqual([400, "usage"]);
  expect(await code("GET", "/validations/../status")).not.toEqual([500, "internal"]);
  expect(await code("GET", `/validations/v${"0".repeat(32)}`)).toEqual([404, "not_found"]);
  expect(await code("GET", `/validations/v${"0".repeat(32)}/report`)).toEqual([404, "not_found"]);
  const { body } = await ask("POST", "/validate-assets", { datasets: ["nowhere"] });
  const path = `/validations/${body.validation_id}`;
  await until(async () => (await ask("GET", path)).body.finished_at !== null);
  expect((await ask("GET", path)).body).toMatchObject({ status: "failed", error: { code: "not_found" } });
  expect(await code("GET", `${path}/report`)).toEqual([409, "conflict"]);
});

test("a check that waits can be cancelled", async () => {
  const ids: unknown[] = [];
  // So many that the last one waits when somebody stops it; one after the other, so that it is the last.
  for (let at = 0; at < 8; at++) ids.push((await ask("POST", "/validate-assets", {})).body.validation_id);
  const cancelled = await ask("DELETE", `/validations/${ids.at(-1)}`);
  expect(cancelled.body).toMatchObject({ status: "cancelled" });
  await until(async () => (await ask("GET", `/validations/${ids[2]}`)).body.status === "completed");
});

test("checks go by turns of those who asked, and one who asks much is told so alone", async () => {
  const { lake, settings } = world;
  // The child does nothing until it is told to stop: what runs and what waits stays so.
  const checks = createOperationRuns(VERIFY, {
    lake,
    settings,
    selfCommand: ["sh", "-c", "exec cat > /dev/null", "sh"],
    logger: silentLogger,
    folder: join(world.folder, "turns"),
  });
  const asker = (name: string): Asker => ({ name, role: "curator", identity: name });
  const start = (name: string) => checks.start({ hash: false }, asker(name));
  const [first] = [start("kim")];
  await until(async () => first.status === "running");
  const [second, third] = [start("kim"), start("kim")];
  for (let more = 0; more < 8; more++) start("kim");
  expect(() => start("kim")).toThrow("of yours are waiting already");
  const other = start("lee");
  await checks.stop(first.id, asker("kim"));
  await until(async () => second.status === "running");
  await checks.stop(second.id, asker("lee"));
  await until(async () => other.status === "running");
  expect([third.status, checks.load()]).toEqual(["queued", { running: 1, waiting: 9 }]);
  await checks.close();
  expect([third.status, other.status]).toEqual(["cancelled", "cancelled"]);
});

test("the command has the server check, without the lake at hand", async () => {
  const report = join(world.folder, "there.csv");
  const { DATALAKE_LAKE: _, ...env } = world.env;
  const away: World = { ...world, env };
  const args = ["assets", "verify", "--server", server.url, "--json", "--quiet", "--report", report];
  const { exit, stdout } = await runProgram(away, args);
  expect(exit).toBe(3);
  expect(JSON.parse(stdout)).toMatchObject({ checked: 6, missing: 1, report });
  expect(await readFile(report, "utf8")).toContain("missing,provider=hub");
  const none = await runProgram(away, [...args, "--dataset", "nowhere"]);
  expect([none.exit, JSON.parse(none.stdout).error.code]).toEqual([4, "not_found"]);
  // While the server holds the lake, a command may read it all the same.
  expect((await runProgram(world, ["assets", "verify", "--quiet"])).exit).toBe(3);
});

test("a server that stops leaves no reports behind", async () => {
  const own = await startServe({
    ...world,
    lake: world.lake,
    env: { ...world.env, DATALAKE_LAKE: (await makeWorld()).lake.root },
  });
  await fetch(`${own.url}/validate-assets`, { method: "POST" });
  await own.stop();
  const scratch = join(world.folder, "cache", "scratch");
  expect((await readdir(scratch)).filter((name) => name.startsWith("checks-")).length).toBeLessThanOrEqual(1);
});
