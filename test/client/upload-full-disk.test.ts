/** Uploads to a server whose disk is full: a small tmpfs, which only that process sees, over the lake's staging. */
import { afterEach, expect, setDefaultTimeout, test } from "bun:test";
import { randomBytes } from "node:crypto";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeImage, makeWorld, runProgram, type World } from "../jobs/staging-kit.ts";
import { type ServeProcess, startServe } from "../server/server-kit.ts";

setDefaultTimeout(120_000);

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

const MOUNT = 'mount -t tmpfs -o size=4m none "$0" && mkdir "$0/.incoming" "$0/pending" && exec "$@"';

async function serveOnSmallDisk(world: World): Promise<ServeProcess> {
  const place = world.lake.layout.staging;
  const server = await startServe(world, [], ["unshare", "-rm", "sh", "-c", MOUNT, place]);
  ends.push(() => server.stop("SIGKILL"));
  return server;
}

async function enlarge(world: World, server: ServeProcess): Promise<void> {
  const enter = ["nsenter", "-t", `${server.pid}`, "-U", "-m", "--preserve-credentials"];
  const mount = ["mount", "-o", "remount,size=64m", world.lake.layout.staging];
  const child = Bun.spawn([...enter, ...mount], { stdout: "ignore", stderr: "pipe" });
  if ((await child.exited) !== 0) throw new Error(await new Response(child.stderr).text());
}

/** A JPEG of about 1 MB: what follows the image's end is part of the file. */
async function makeLargeImage(seed: number): Promise<Buffer> {
  return Buffer.concat([await makeImage(seed), randomBytes(1_000_000)]);
}

test("a full disk is told in one sentence; with room again the same command goes on", async () => {
  const world = await makeWorld();
  const server = await serveOnSmallDisk(world);
  const folder = await mkdtemp(join(tmpdir(), "datalake-far-"));
  ends.push(() => rm(folder, { recursive: true, force: true }));
  const pages = join(folder, "쪽들");
  await mkdir(pages);
  for (let at = 0; at < 8; at++) await writeFile(join(pages, `${at}.jpg`), await makeLargeImage(at));
  const { DATALAKE_LAKE: _, ...env } = world.env;
  const far: World = { ...world, env: { ...env, DATALAKE_CACHE: join(folder, "cache") } };
  const to = ["--type", "raw", "--provider", "hub", "--dataset", "멀리", "--server", server.url];
  const ask = async (path: string) => (await fetch(`${server.url}${path}`)).json();

  const full = await runProgram(far, ["upload", pages, ...to, "--quiet"]);
  expect({ exit: full.exit, lines: full.stderr.trim().split("\n").length }).toEqual({ exit: 1, lines: 1 });
  expect(full.stderr).toBe(
    "datalake: on the server, no space is left on the disk; free some and run it again\n",
  );
  expect(await ask("/uploads")).toEqual({ uploads: [], unusable: [] });
  // Others are answered meanwhile, and what needs no room is done.
  expect(await ask("/health")).toMatchObject({ status: "ok" });

  await enlarge(world, server);
  const done = await runProgram(far, ["upload", pages, ...to, "--json"]);
  expect({ exit: done.exit, stderr: done.stderr }).toMatchObject({ exit: 0 });
  expect(await ask("/uploads")).toMatchObject({ uploads: [{ status: "pending", rows: 8, dataset: "멀리" }] });
});
