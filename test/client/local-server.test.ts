/** Where a token goes: to a server that proves, by the kernel and its lease, that it holds the lake; to nobody else. */
import { afterEach, expect, setDefaultTimeout, test } from "bun:test";
import { mkdir, readFile, readlink, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { dirname, join } from "node:path";
import { listenersOn, parseListeners } from "../../src/client/folder/listeners.ts";
import { findServerOf } from "../../src/client/folder/server.ts";
import { DatalakeClient } from "../../src/client/index.ts";
import { serverPurpose } from "../../src/lake/holder.ts";
import type { LeaseHolder } from "../../src/lake/lease-holder.ts";
import { createToken } from "../../src/lake/tokens.ts";
import { codeOf } from "../code-of.ts";
import { makeWorld, runProgram, type World } from "../jobs/staging-kit.ts";
import { as, CURATOR, giveToTeam, isRoot } from "../server/accounts.ts";
import { type ServeProcess, startServe } from "../server/server-kit.ts";

setDefaultTimeout(120_000);

const stops: (() => unknown)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

async function serve(world: World, args: string[] = []): Promise<ServeProcess> {
  const server = await startServe(world, args);
  stops.push(() => server.stop("SIGKILL"));
  return server;
}

/** A lease as a process of this machine writes it, or as somebody writes it for one. */
async function forgeLease(world: World, url: string, pid: number, more: Partial<LeaseHolder> = {}) {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8");
  const holder: LeaseHolder = {
    id: crypto.randomUUID(),
    host: hostname(),
    machine: "",
    boot_id: (await readFile("/proc/sys/kernel/random/boot_id", "utf8")).trim(),
    pid_space: await readlink("/proc/self/ns/pid"),
    pid,
    started: stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? "",
    purpose: serverPurpose(url),
    acquired_at: new Date().toISOString(),
    ...more,
  };
  await mkdir(dirname(world.lake.layout.processLease), { recursive: true });
  await writeFile(world.lake.layout.processLease, JSON.stringify(holder));
}

/** Starts the listener as an account, and gives its port and what it was sent. */
async function capture(world: World, uid: number, url = "") {
  const folder = join(world.folder, "capture");
  await mkdir(folder, { recursive: true });
  const file = join(folder, "sent");
  await writeFile(file, "");
  Bun.spawnSync(["chmod", "-R", "a+rwX", folder]);
  const child = Bun.spawn([...as(uid), process.execPath, join(import.meta.dir, "capture.ts"), file, url], {
    stdout: "pipe",
    stderr: "inherit",
  });
  stops.push(() => child.kill("SIGKILL"));
  const { value } = await child.stdout.getReader().read();
  const port = Number(new TextDecoder().decode(value));
  return { port, pid: child.pid, sent: () => readFile(file, "utf8") };
}

async function start(world: World) {
  const { exit, stdout, stderr } = await runProgram(world, ["process", "start", "--json"]);
  return { exit, stderr, code: JSON.parse(stdout).error?.code as string | undefined };
}

test("on one machine the command finds the server of its lake, and sends it the token", async () => {
  for (const host of ["127.0.0.1", "0.0.0.0", "::1"]) {
    const world = await makeWorld();
    const request = { name: "root", role: "admin", nowMs: Date.now(), expiresMs: undefined } as const;
    const { token } = await createToken(world.tokens, request);
    await serve(world, ["--host", host]);
    expect([host, await start(world)]).toEqual([host, expect.objectContaining({ code: "unauthorized" })]);
    world.env.DATALAKE_TOKEN = token;
    expect([host, await start(world)]).toEqual([host, expect.objectContaining({ exit: 0 })]);
  }
});

test("a lease that names another lake's server, or another machine's, leads nowhere", async () => {
  const [world, other] = [await makeWorld(), await makeWorld()];
  world.env.DATALAKE_TOKEN = "dl_secret";
  const { url, pid } = await serve(other);
  const boot_id = "00000000-0000-4000-8000-000000000000";
  const leases: [string, Partial<LeaseHolder>, string][] = [
    [url, {}, hostname()],
    [url, { host: "elsewhere", boot_id, machine: "1".repeat(32) }, "elsewhere"],
    [url.replace("127.0.0.1", "lake.example"), {}, "lake.example"],
    ["http://127.0.0.1:1", {}, "127.0.0.1:1"],
    [`${url}/x`, {}, "/x"],
    [url.replace("//", "//u:p@"), {}, "u:p"],
  ];
  for (const [address, more, said] of leases) {
    await forgeLease(world, address, pid, more);
    expect([address, await start(world)]).toEqual([
      address,
      { exit: 5, code: "locked", stderr: expect.stringMatching(/name it with --server URL/) },
    ]);
    expect((await start(world)).stderr).toContain(said);
    expect(await codeOf(findServerOf(world.lake))).toBe("locked");
  }
  const jobs = (await (await fetch(`${url}/jobs`)).json()) as { jobs: unknown[] };
  expect(jobs.jobs).toEqual([]);
});

test("a server that the settings name is asked once it proves that it holds the folder's lake", async () => {
  const [world, other] = [await makeWorld(), await makeWorld()];
  const [own, others] = [await serve(world), await serve(other)];
  const named = own.url.replace("127.0.0.1", "localhost");
  expect(await findServerOf(world.lake, named)).toBe(named);
  expect(await findServerOf(world.lake, others.url)).toBe(own.url);
  expect(await findServerOf(world.lake, "http://127.0.0.1:9")).toBe(own.url);
  // Another machine's: only its name leads there.
  const address = own.url.replace("127.0.0.1", "nas.example");
  const { id } = JSON.parse(await readFile(world.lake.layout.processLease, "utf8")) as LeaseHolder;
  await forgeLease(world, address, own.pid, { id });
  expect(await codeOf(findServerOf(world.lake))).toBe("locked");
  expect(await codeOf(findServerOf(world.lake, others.url))).toBe("locked");
  expect(await findServerOf(world.lake, named)).toBe(named);
  world.env.DATALAKE_SERVER = named;
  expect(await start(world)).toEqual(expect.objectContaining({ exit: 0 }));
  world.env.DATALAKE_SERVER = others.url;
  expect(await start(world)).toEqual(expect.objectContaining({ exit: 5, code: "locked" }));
});

test("what a lease says of its holder does not write on terminals", async () => {
  const world = await makeWorld();
  await forgeLease(world, "http://127.0.0.1:1", process.pid, {
    purpose: "\u001b[2J\u001b]0;x\u0007 harmless",
  });
  const { exit, stderr } = await start(world);
  expect([exit, stderr.includes("\u001b"), stderr.includes("held by unknown")]).toEqual([5, false, true]);
});

test.if(isRoot)("a curator who writes an address of his own into the lease is sent nothing", async () => {
  const world = await makeWorld();
  await giveToTeam(world);
  Object.assign(world.env, { DATALAKE_TOKEN: "dl_secret_of_the_admin" });
  for (const address of ["http://127.0.0.1:0", "http://0.0.0.0:0", "http://[::1]:0"]) {
    const listener = await capture(world, CURATOR, address);
    const url = address.replace(/:0$/, `:${listener.port}`);
    expect([url, await listenersOn(listener.port)]).toEqual([url, [CURATOR]]);
    for (const pid of [listener.pid, process.pid]) {
      await forgeLease(world, url, pid);
      expect([url, await start(world)]).toEqual([url, expect.objectContaining({ exit: 5, code: "locked" })]);
      const client = new DatalakeClient({ basePath: world.lake.root, token: "dl_secret_of_the_admin" });
      expect(await codeOf(client.triggerProcessing())).toBe("locked");
      client.close();
    }
    expect([url, await listener.sent()]).toEqual([url, ""]);
    // The control: it does write down what it is sent, a named server's token too.
    const named = await runProgram(world, ["process", "start", "--server", url, "--json"]);
    expect(named.exit).toBe(0);
    expect(await listener.sent()).toContain("Bearer dl_secret_of_the_admin");
  }
});

test("sockets that listen are told from others, and by their whole port", () => {
  const table = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1F9B 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1001        0 148616 1 0 100 0 0 10 0
   1: 0100007F:1F9B 0100007F:D431 01 00000000:00000000 00:00000000 00000000  1002        0 89124 1 0 100 0 0 10 0
   2: 00000000:F91F 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1003        0 89125 1 0 100 0 0 10 0
   3: 00000000000000000000000001000000:1F9B 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1 0 100 0 0 10 0
`;
  expect(parseListeners(table, 0x1f9b)).toEqual([1001, 0]);
  expect(parseListeners(table, 0xf91f)).toEqual([1003]);
  expect(parseListeners(table, 1)).toEqual([]);
  expect(parseListeners("", 1)).toEqual([]);
});
