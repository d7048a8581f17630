/** Uploads through a real server, from a machine that does not see the lake. */
import { afterEach, expect, setDefaultTimeout, test } from "bun:test";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createToken } from "../../src/lake/tokens.ts";
import { type FaultyProxy, startFaultyProxy } from "../engines/faulty-proxy.ts";
import { makeImage, makeWorld, PROGRAM, runProgram, type World } from "../jobs/staging-kit.ts";
import { type ServeProcess, startServe, until } from "../server/server-kit.ts";

setDefaultTimeout(120_000);

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

async function serve(world: World, args: string[] = []): Promise<ServeProcess> {
  const server = await startServe(world, args);
  ends.push(() => server.stop("SIGKILL"));
  return server;
}

async function proxyTo(server: ServeProcess): Promise<FaultyProxy> {
  const proxy = await startFaultyProxy(server.url);
  ends.push(() => proxy.close());
  return proxy;
}

interface Far extends World {
  pages: string;
}

/** A machine without the lake: its own folders, and a folder of pages with Korean names. */
async function farFrom(world: World, count: number): Promise<Far> {
  const folder = await mkdtemp(join(tmpdir(), "datalake-far-"));
  ends.push(() => rm(folder, { recursive: true, force: true }));
  const pages = join(folder, "쪽들");
  await mkdir(pages);
  for (let at = 0; at < count; at++) await writeFile(join(pages, `쪽 ${at}.jpg`), await makeImage(at));
  const { DATALAKE_LAKE: _, ...env } = world.env;
  const own = { DATALAKE_CACHE: join(folder, "cache"), DATALAKE_SCRATCH: join(folder, "scratch") };
  return { ...world, folder, pages, env: { ...env, ...own } as World["env"] };
}

const RAW = ["--type", "raw", "--provider", "hub", "--dataset", "멀리"];

async function upload(far: Far, url: string, ...more: string[]) {
  const { exit, stdout, stderr } = await runProgram(far, [
    "upload",
    far.pages,
    ...RAW,
    "--server",
    url,
    "--json",
    ...more,
  ]);
  return { exit, stderr, document: JSON.parse(stdout || "{}") };
}

async function filesSent({ lake }: World, uploadId: string): Promise<number> {
  return contentsIn(lake.layout.upload("pending", uploadId));
}

/** How many contents an upload's folder has that are whole. */
async function contentsIn(upload: string): Promise<number> {
  const folder = join(upload, "files");
  const names = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  return names.filter((entry) => entry.isFile() && /^[0-9a-f]{64}$/.test(entry.name)).length;
}

async function staging(world: World, part: "incoming" | "pending"): Promise<string[]> {
  return (await readdir(world.lake.layout[part])).filter((name) => name.startsWith("u"));
}

test("pages are uploaded, processed and found; what is known is not sent again", async () => {
  const world = await makeWorld();
  const server = await serve(world);
  const far = await farFrom(world, 12);
  const first = await upload(far, server.url);
  expect({ exit: first.exit, stderr: first.stderr }).toMatchObject({ exit: 0 });
  expect(first.document).toMatchObject({
    provider: "hub",
    dataset: "멀리",
    task: "raw",
    variant: "image",
    rows: 12,
  });
  expect(await filesSent(world, first.document.upload_id)).toBe(12);
  expect(await staging(world, "incoming")).toEqual([]);
  const { error } = (await upload(far, server.url)).document;
  expect(error.code).toBe("partition_exists");
  expect(error.message).toStartWith(
    `upload ${first.document.upload_id}, which is staged, has as many rows (12)`,
  );
  const done = await runProgram(far, ["process", "start", "--wait", "--server", server.url, "--json"]);
  expect(JSON.parse(done.stdout).uploads).toMatchObject([{ status: "completed", rows: 12, rejected: 0 }]);
  // The same pages and one more.
  await writeFile(join(far.pages, "쪽 12.jpg"), await makeImage(12));
  const again = await upload(far, server.url, "--mode", "append");
  expect(again.exit).toBe(0);
  expect(await filesSent(world, again.document.upload_id)).toBe(1);
  expect(again.stderr).not.toContain("waits");
  const twice = await upload(far, server.url, "--mode", "append");
  expect(twice.stderr).toContain(
    `${again.document.upload_id}, which waits for hub/멀리/raw/image, has as many rows (13)`,
  );
  const found = await runProgram(far, ["search", "--server", server.url, "--json", "--limit", "1"]);
  expect(JSON.parse(found.stdout).row_count).toBe(12);
  expect(await readdir(join(far.folder, "scratch"))).toEqual([]);
});

test("a client that is killed goes on when the same command runs again", async () => {
  const world = await makeWorld();
  const proxy = await proxyTo(await serve(world));
  const far = await farFrom(world, 10);
  let puts = 0;
  let release = () => {};
  const five = new Promise<void>((resolve) => {
    release = resolve;
  });
  proxy.fail(({ method, path }) => {
    if (method !== "PUT" || !path.includes("/files/")) return undefined;
    puts += 1;
    if (puts === 6) release();
    return puts > 5 ? "cut" : undefined;
  });
  const child = Bun.spawn([...PROGRAM, "upload", far.pages, ...RAW, "--server", proxy.url], {
    env: { ...process.env, ...far.env },
    stdout: "ignore",
    stderr: "ignore",
  });
  await five;
  // The other five may still be on their way through the server.
  const { incoming } = world.lake.layout;
  await until(async () => {
    const [upload = ""] = await staging(world, "incoming");
    return (await contentsIn(join(incoming, upload))) === 5;
  });
  child.kill("SIGKILL");
  await child.exited;
  expect(await staging(world, "pending")).toEqual([]);
  const [begun] = await staging(world, "incoming");
  puts = 0;
  proxy.fail(({ method, path }) => {
    if (method === "PUT" && path.includes("/files/")) puts += 1;
    return undefined;
  });
  const second = await upload(far, proxy.url);
  expect(second.exit).toBe(0);
  expect(second.document.upload_id).toBe(begun);
  expect(puts).toBeLessThanOrEqual(5);
  expect(await filesSent(world, second.document.upload_id)).toBe(10);
});

test("a server that is killed and comes back loses nothing of what it was sent", async () => {
  const world = await makeWorld();
  const first = await serve(world);
  const far = await farFrom(world, 10);
  const proxy = await proxyTo(first);
  let sent = 0;
  proxy.fail(({ method, path }) =>
    method === "PUT" && path.includes("/files/") && ++sent > 4 ? "cut" : undefined,
  );
  const broken = await upload(far, proxy.url);
  expect([broken.exit, broken.document.error.code]).toEqual([6, "server_unreachable"]);
  await first.stop("SIGKILL");
  const second = await serve(world);
  const done = await upload(far, second.url);
  expect(done.exit).toBe(0);
  expect(await staging(world, "incoming")).toEqual([]);
  expect(await staging(world, "pending")).toEqual([done.document.upload_id]);
});

test("lost answers, of the commit too, do nothing twice", async () => {
  const world = await makeWorld();
  const proxy = await proxyTo(await serve(world));
  const far = await farFrom(world, 6);
  const lost = new Map<string, number>();
  proxy.fail(({ method, path }) => {
    const step = `${method} ${path.split("/").slice(3, 4)}`;
    const before = lost.get(step) ?? 0;
    lost.set(step, before + 1);
    return before === 0 && path.startsWith("/uploads") ? "lost" : undefined;
  });
  const done = await upload(far, proxy.url);
  expect({ exit: done.exit, stderr: done.stderr }).toMatchObject({ exit: 0 });
  expect(lost.get("POST commit")).toBe(2);
  expect(await staging(world, "pending")).toEqual([done.document.upload_id]);
});

test("bytes that changed on their way are not taken, nothing that lacks something is handed over", async () => {
  const world = await makeWorld();
  const { url } = await serve(world);
  const json = { "content-type": "application/json" };
  const ask = async (method: string, path: string, body: unknown, headers: Record<string, string> = json) => {
    const raw = typeof body === "string" ? body : JSON.stringify(body);
    const response = await fetch(`${url}${path}`, { method, headers, body: raw });
    return { status: response.status, ...((await response.json()) as Record<string, unknown>) };
  };
  const key = { provider: "hub", dataset: "d", task: "raw", variant: "image" };
  const offer = { identity: "0".repeat(64), key, mode: "create", columns: [], refers_to_raw: false };
  const { upload_id: id } = (await ask("POST", "/uploads", offer)) as unknown as { upload_id: string };
  const hash = new Bun.CryptoHasher("sha256").update("page").digest("hex");
  expect(await ask("PUT", `/uploads/${id}/files/${hash}`, "pagX", {})).toMatchObject({ status: 422 });
  expect(await ask("POST", `/uploads/${id}/known`, { hashes: [hash] })).toMatchObject({ known: [] });
  expect(await ask("PUT", `/uploads/${id}/files/${hash}`, "page", {})).toMatchObject({ status: 200 });
  expect(await ask("POST", `/uploads/${id}/known`, { hashes: [hash] })).toMatchObject({ known: [hash] });
  expect(await ask("PUT", `/uploads/${id}/rows`, "rows", {})).toMatchObject({ status: 400 });
  expect(await staging(world, "pending")).toEqual([]);
  expect(await ask("PUT", `/uploads/u${"0".repeat(32)}/files/${hash}`, "page", {})).toMatchObject({
    status: 404,
  });
  expect(await ask("DELETE", `/uploads/${id}`, {})).toMatchObject({ status: 200 });
  expect(await staging(world, "incoming")).toEqual([]);
});

test("an upload is its owner's; a token that ends says so", async () => {
  const world = await makeWorld();
  const tokenOf = async (name: string) =>
    (await createToken(world.tokens, { name, role: "curator", nowMs: Date.now(), expiresMs: undefined }))
      .token;
  const [kim, lee] = [await tokenOf("kim"), await tokenOf("lee")];
  const server = await serve(world);
  const far = await farFrom(world, 3);
  expect((await upload(far, server.url)).document.error.code).toBe("unauthorized");
  far.env.DATALAKE_TOKEN = kim;
  const done = await upload(far, server.url);
  expect(done.exit).toBe(0);
  const manifest = join(world.lake.layout.upload("pending", done.document.upload_id), "upload.json");
  expect(JSON.parse(await readFile(manifest, "utf8")).created_by).toBe("kim");
  // Of an upload that kim has begun, lee learns and changes nothing.
  const key = { provider: "hub", dataset: "e", task: "raw", variant: "image" };
  const offer = { identity: "1".repeat(64), key, mode: "create", columns: [], refers_to_raw: false };
  const ask = (token: string, method: string, path: string, body: unknown) =>
    fetch(`${server.url}${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      body: JSON.stringify(body),
    });
  const { upload_id: id } = (await (await ask(kim, "POST", "/uploads", offer)).json()) as {
    upload_id: string;
  };
  expect((await ask(lee, "POST", `/uploads/${id}/known`, { hashes: [] })).status).toBe(404);
  expect((await ask(lee, "DELETE", `/uploads/${id}`, {})).status).toBe(404);
  expect((await ask(lee, "POST", "/uploads", offer)).status).toBe(200);
  expect((await ask(kim, "POST", `/uploads/${id}/known`, { hashes: [] })).status).toBe(200);
  await until(async () => (await staging(world, "incoming")).length === 2);
});

test("what the lake refuses is refused before anything is sent, in the same words", async () => {
  const world = await makeWorld();
  const server = await serve(world);
  const far = await farFrom(world, 2);
  const outcomes = async (args: string[]) => {
    const here = await runProgram({ ...far, env: world.env }, ["upload", far.pages, ...args]);
    const there = await runProgram(far, ["upload", far.pages, ...args, "--server", server.url]);
    return { here: [here.exit, here.stderr], there: [there.exit, there.stderr] };
  };
  for (const args of [
    ["--type", "raw", "--provider", "nobody", "--dataset", "d"],
    ["--type", "raw", "--provider", "hub", "--dataset", "../d"],
    ["--type", "task", "--provider", "hub", "--dataset", "d", "--task", "none", "--variant", "v"],
    ["--type", "raw", "--provider", "hub"],
  ]) {
    const { here, there } = await outcomes(args);
    expect({ args, there }).toEqual({ args, there: here });
  }
  expect(await staging(world, "incoming")).toEqual([]);
});

test("a new name like one that is there is told, and taken", async () => {
  const world = await makeWorld();
  const server = await serve(world);
  const far = await farFrom(world, 1);
  const key = { provider: "hub", dataset: "영수증", task: "raw", variant: "image" };
  await mkdir(world.lake.layout.partition(key), { recursive: true });
  const to = ["--type", "raw", "--provider", "hub", "--dataset", "영수중", "--server", server.url];
  const { exit, stderr } = await runProgram(far, ["upload", far.pages, ...to]);
  expect(exit).toBe(0);
  expect(stderr).toContain("the dataset 영수중 is new; one of a like name is there: 영수증\n");
});

test("others are answered while the disk is flushed, however long that takes", async () => {
  const world = await makeWorld();
  const delayMs = 10_000;
  const slow = ["-e", "trace=syncfs", "-e", `inject=syncfs:delay_enter=${delayMs * 1000}`];
  const server = await startServe(world, [], ["strace", "-f", "-qq", "-o", "/dev/null", ...slow]);
  ends.push(() => server.stop("SIGKILL"));
  const far = await farFrom(world, 2);
  let isDone = false;
  let longestMs = 0;
  const startedMs = performance.now();
  const uploading = upload(far, server.url).finally(() => {
    isDone = true;
  });
  while (!isDone) {
    const askedMs = performance.now();
    expect((await fetch(`${server.url}/health`)).status).toBe(200);
    longestMs = Math.max(longestMs, performance.now() - askedMs);
    await Bun.sleep(20);
  }
  expect((await uploading).exit).toBe(0);
  expect(performance.now() - startedMs).toBeGreaterThan(delayMs);
  expect(longestMs).toBeLessThan(0.9 * delayMs); // who waits for the flush waits all of it, but for the pause above
});
