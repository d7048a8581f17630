/** A server whose lake cannot be written: before it starts, and from one moment to the other. Mounts need root. */
import { afterEach, expect, setDefaultTimeout, test } from "bun:test";
import { mkdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { makeWorld, runProgram, stageUpload, type World } from "../jobs/staging-kit.ts";
import { type ServeProcess, startServe, until } from "./server-kit.ts";

setDefaultTimeout(120_000);

const isRoot = process.getuid?.() === 0;

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

function mount(...args: string[]): void {
  const { exitCode, stderr } = Bun.spawnSync(["mount", ...args]);
  if (exitCode !== 0) throw new Error(`mount ${args.join(" ")}: ${stderr}`);
}

/** A world whose lake lies on a file system of its own. */
async function mountedWorld(): Promise<World> {
  const world = await makeWorld();
  const { root } = world.lake;
  const aside = join(world.folder, "aside");
  await rename(root, aside);
  await mkdir(root);
  mount("-t", "tmpfs", "tmpfs", root);
  cleanups.push(() => rm(world.folder, { recursive: true, force: true }));
  cleanups.push(() => Bun.spawnSync(["umount", "-l", root]));
  Bun.spawnSync(["cp", "-a", `${aside}/.`, root]);
  return world;
}

async function serve(world: World): Promise<ServeProcess> {
  const server = await startServe(world);
  cleanups.push(() => server.stop("SIGKILL"));
  return server;
}

async function ask(server: ServeProcess, method: string, path: string) {
  const response = await fetch(`${server.url}${path}`, { method });
  const body = (await response.json()) as { writable?: boolean; error?: { code: string; message: string } };
  return { answered: response.status, ...body };
}

if (!isRoot) process.stderr.write("read-only.interop.test.ts: NOT RUN, it needs root for its mounts\n");

test.skipIf(!isRoot)(
  "a lake that becomes read-only is read, and worked on when it may be written",
  async () => {
    const world = await mountedWorld();
    const { root } = world.lake;
    await stageUpload(world, [{ text: "a" }], { dataset: "book", variant: "text" });
    await runProgram(world, ["process", "start", "--wait", "--quiet"]);
    const server = await serve(world);
    expect(await ask(server, "GET", "/status")).toMatchObject({ writable: true });
    await until(async () => Bun.spawnSync(["mount", "-o", "remount,ro", root]).exitCode === 0);
    await until(async () => (await ask(server, "GET", "/status")).writable === false);
    expect((await ask(server, "GET", "/health")).answered).toBe(200);
    expect(await ask(server, "GET", "/partitions")).toMatchObject({ answered: 200 });
    const query = await fetch(`${server.url}/query?sql=${encodeURIComponent("SELECT text FROM catalog")}`);
    expect(await query.json()).toMatchObject({ rows: [{ text: "a" }] });
    const refused = await ask(server, "POST", "/process");
    expect(refused.error?.message).toContain("remount it writable");
    const rebuild = await ask(server, "POST", "/catalog/rebuild");
    expect(rebuild.error?.message).toContain("remount it writable");
    mount("-o", "remount,rw", root);
    await until(async () => (await ask(server, "GET", "/status")).writable === true);
    expect(await ask(server, "POST", "/process")).toMatchObject({ answered: 200 });
    expect((await server.stop()).exit).toBe(0);
  },
);

test.skipIf(!isRoot)("a server starts on a read-only lake, and takes up work later", async () => {
  const world = await mountedWorld();
  const { root } = world.lake;
  await stageUpload(world, [{ text: "a" }], { dataset: "book", variant: "text" });
  mount("-o", "remount,ro", root);
  world.env.DATALAKE_PROCESSING_AUTO = "true";
  const server = await serve(world);
  expect(await ask(server, "GET", "/status")).toMatchObject({ writable: false });
  expect((await ask(server, "GET", "/uploads?all=true")).answered).toBe(200);
  mount("-o", "remount,rw", root);
  await until(async () => (await ask(server, "GET", "/status")).writable === true);
  await until(async () => (await ask(server, "GET", "/partitions")).answered === 200);
});
