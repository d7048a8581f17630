import { afterEach, expect, setDefaultTimeout, test } from "bun:test";
import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { serviceManager } from "../../src/config.ts";
import { silentLogger } from "../../src/log.ts";
import { startService } from "../../src/server/work/systemd.ts";
import { socketAddress } from "../../src/server/work/systemd-socket.ts";
import { readLines } from "../../src/util/lines.ts";
import { makeImage, makeWorld, stageUpload, type World } from "../jobs/staging-kit.ts";
import { type ServeProcess, startServe, until, workerOf } from "./server-kit.ts";

setDefaultTimeout(120_000);

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** A datagram socket as systemd has one, and what was said to it. */
async function listen(path: string): Promise<string[]> {
  const script = join(import.meta.dir, "notify-listener.py");
  const child = Bun.spawn(["python3", script, path], { stdin: "ignore", stdout: "pipe", stderr: "inherit" });
  cleanups.push(async () => {
    child.kill("SIGKILL");
    await child.exited;
  });
  const said: string[] = [];
  const bound = Promise.withResolvers<void>();
  const read = async () => {
    for await (const line of readLines(child.stdout)) {
      const text = JSON.parse(line) as string;
      if (text === "bound") bound.resolve();
      else said.push(text);
    }
    bound.reject(new Error("nobody listens"));
  };
  void read();
  await bound.promise;
  return said;
}

async function serveFor(socket: (world: World) => string, more: Record<string, string> = {}) {
  const world = await makeWorld();
  cleanups.push(() => rm(world.folder, { recursive: true, force: true }));
  const path = socket(world);
  const said = await listen(path);
  const env = { ...world.env, NOTIFY_SOCKET: path, ...more };
  const server: ServeProcess = await startServe({ ...world, env });
  cleanups.push(() => server.stop("SIGKILL"));
  return { world, said, server };
}

const inFolder = (world: World) => join(world.folder, "notify.sock");
const heard = (said: string[], text: string) =>
  until(async () => said.some((one) => one.split("\n").includes(text)));
const pings = (said: string[]) => said.filter((one) => one === "WATCHDOG=1").length;

test("a service manager hears when the server is ready and when it stops", async () => {
  const { said, server } = await serveFor(inFolder);
  await heard(said, "READY=1");
  await heard(said, `STATUS=serving at ${server.url}`);
  expect((await server.stop()).exit).toBe(0);
  await heard(said, "STOPPING=1");
  expect(said[0]).toBe("READY=1");
  expect(pings(said)).toBe(0); // nobody asked for them
});

test("an abstract socket is reached too", async () => {
  const { said, server } = await serveFor(() => `@datalake-test-${crypto.randomUUID()}`);
  await heard(said, "READY=1");
  await server.stop();
  await heard(said, "STOPPING=1");
});

test("the watchdog is told of a server that works, and not of one whose working process hangs", async () => {
  const { world, said, server } = await serveFor(inFolder, { WATCHDOG_USEC: "2000000" });
  await until(async () => pings(said) >= 2);
  const image = await makeImage(1);
  // So many that the work is not done when the process that does it is found.
  for (const dataset of ["a", "b", "c", "d", "e", "f"])
    await stageUpload(world, [{ text: "a", name: "a.jpg", image }], { dataset });
  await fetch(`${server.url}/process`, { method: "POST" });
  const worker = await workerOf(server);
  process.kill(worker, "SIGSTOP");
  await until(async () => server.stderr().includes("the server is not healthy"));
  const before = pings(said);
  process.kill(worker, "SIGCONT");
  await until(async () => pings(said) > before);
  await until(async () => said.some((one) => /^STATUS=.*job j\w+ completed, 6 of 6 rows/.test(one)));
});

test("a manager that is not there stops nobody", async () => {
  const world = await makeWorld();
  cleanups.push(() => rm(world.folder, { recursive: true, force: true }));
  const server = await startServe({
    ...world,
    env: { ...world.env, NOTIFY_SOCKET: join(world.folder, "none") },
  });
  cleanups.push(() => server.stop("SIGKILL"));
  expect((await fetch(`${server.url}/health`)).status).toBe(200);
  expect((await server.stop()).exit).toBe(0);
});

test("what fails its look is not told as alive", async () => {
  const path = `@datalake-test-${crypto.randomUUID()}`;
  const said = await listen(path);
  const answers = [true, false, "throws", true] as const;
  let looks = 0;
  const service = await startService({
    manager: { socket: path, watchdogMs: 20 },
    logger: silentLogger,
    isAlive: async () => {
      const answer = answers[looks++] ?? true;
      if (answer === "throws") throw new Error("broken");
      return answer;
    },
  });
  await until(async () => looks >= 6);
  service.stopping();
  await heard(said, "STOPPING=1");
  expect(pings(said)).toBeLessThanOrEqual(looks - 2);
  expect(pings(said)).toBeGreaterThanOrEqual(2);
});

test("the environment says whom to tell and how often", () => {
  const of = (env: Record<string, string>) => serviceManager({ NOTIFY_SOCKET: "/run/n", ...env });
  expect(serviceManager({})).toBeUndefined();
  expect(of({})).toEqual({ socket: "/run/n", watchdogMs: undefined });
  expect(of({ WATCHDOG_USEC: "60000000" })?.watchdogMs).toBe(60_000);
  expect(of({ WATCHDOG_USEC: "60000000", WATCHDOG_PID: "1" })?.watchdogMs).toBeUndefined();
  expect(of({ WATCHDOG_USEC: "60000000", WATCHDOG_PID: String(process.pid) })?.watchdogMs).toBe(60_000);
});

test("addresses are as unix(7) has them", () => {
  expect([...socketAddress("/run/a")]).toEqual([1, 0, ...Buffer.from("/run/a"), 0]);
  expect([...socketAddress("@a")]).toEqual([1, 0, 0, "a".charCodeAt(0)]);
  expect(() => socketAddress("relative")).toThrow();
  expect(() => socketAddress(`/${"x".repeat(108)}`)).toThrow();
});

test.skipIf(Bun.which("systemd-analyze") === null)(
  "systemd accepts the unit file of the manual",
  async () => {
    const page = await readFile(join(import.meta.dir, "../../src/docs/administrator.md"), "utf8");
    const unit = /^```ini\n(\[Unit\]\n.*?)^```$/ms.exec(page)?.[1] ?? "";
    expect(unit).toContain("Type=notify");
    const world = await makeWorld();
    cleanups.push(() => rm(world.folder, { recursive: true, force: true }));
    const file = join(world.folder, "datalake.service");
    await writeFile(
      file,
      unit.replace(/^ExecStart=\S+/m, "ExecStart=/bin/true").replace(/^User=.*$/m, "User=root"),
    );
    const child = Bun.spawn(["systemd-analyze", "verify", file], { stdout: "pipe", stderr: "pipe" });
    const said = (await new Response(child.stdout).text()) + (await new Response(child.stderr).text());
    expect([await child.exited, said]).toEqual([0, ""]);
  },
);
