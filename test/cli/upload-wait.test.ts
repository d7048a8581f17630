/** `upload --wait` behind a server: whichever job takes the upload, it ends with the upload. */
import { afterEach, expect, setDefaultTimeout, test } from "bun:test";
import { mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { connectServer } from "../../src/client/remote/server.ts";
import { makeImage, makeWorld, type World } from "../jobs/staging-kit.ts";
import { startServe } from "../server/server-kit.ts";
import { run } from "./harness.ts";

setDefaultTimeout(120_000);

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

/**
 * A server, and an address before it. `onStaged` is called when the upload is staged, before the command is told: it waits
 * for that as long as it takes. What it gives is the answer when the command asks for the first job.
 */
async function serveWith(onStaged: (url: string, world: World) => Promise<Response | undefined>) {
  const world = await makeWorld();
  const server = await startServe(world);
  ends.push(() => server.stop("SIGKILL"));
  let started: Response | undefined;
  const front = Bun.serve({
    port: 0,
    fetch: async (request) => {
      front.timeout(request, 0);
      const { pathname, search } = new URL(request.url);
      const { method, body } = request;
      if (method === "POST" && pathname === "/process" && started !== undefined) {
        const answer = started;
        started = undefined;
        return answer;
      }
      const headers = new Headers(request.headers);
      headers.delete("host");
      const answer = await fetch(`${server.url}${pathname}${search}`, {
        method,
        headers,
        body,
        decompress: false,
      });
      if (pathname.endsWith("/commit")) started = await onStaged(server.url, world);
      return answer;
    },
  });
  ends.push(() => front.stop(true));
  const pages = join(world.folder, "pages");
  await mkdir(pages);
  await writeFile(join(pages, "1.jpg"), await makeImage(1));
  const to = ["--type", "raw", "--provider", "hub", "--dataset", "pages", "--server", front.url.origin];
  const { DATALAKE_LAKE: _, ...env } = world.env;
  const { exit, stdout, stderr } = await run(["upload", pages, ...to, "--wait", "--json"], { env });
  return { world, exit, stderr, result: JSON.parse(stdout) };
}

/** Runs a job to its end and gives its id. */
async function runJob(url: string): Promise<string> {
  const server = connectServer(url);
  const { job_id } = await server.startJob();
  await server.watchJob(job_id);
  return job_id;
}

test("an upload that another's job has taken meanwhile is found there", async () => {
  let taker = "";
  const { exit, result } = await serveWith(async (url) => {
    taker = await runJob(url);
    return undefined;
  });
  expect({ exit, ...result }).toMatchObject({ exit: 0, job_id: taker, outcome: { status: "completed" } });
});

test("an upload that the running job ended without is processed by the next one", async () => {
  const { exit, result, world } = await serveWith(async (url, world) => {
    // What it is told when the job has looked at the queue for the last time just before.
    const [staged = ""] = await readdir(world.lake.layout.pending);
    const { pending, root } = world.lake.layout;
    await Bun.$`mv ${join(pending, staged)} ${join(root, "aside")}`;
    const job_id = await runJob(url);
    await Bun.$`mv ${join(root, "aside")} ${join(pending, staged)}`;
    return Response.json({ status: "already_running", job_id });
  });
  expect({ exit, ...result }).toMatchObject({ exit: 0, outcome: { status: "completed", rows: 1 } });
  expect(await readdir(world.lake.layout.pending)).toEqual([]);
});

test("an upload that no job took is no success", async () => {
  const { exit, result } = await serveWith(async (_url, { lake: { layout } }) => {
    const [staged = ""] = await readdir(layout.pending);
    await rm(join(layout.pending, staged), { recursive: true });
    return undefined;
  });
  expect({ exit, outcome: result.outcome }).toEqual({ exit: 1, outcome: undefined });
});
