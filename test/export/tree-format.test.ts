/** A format that is one file writes a tree of files, which comes through a server as it is made here. */

import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { mkdir, readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { DatalakeClient } from "../../src/client/index.ts";
import { EXPORT_FORMATS } from "../../src/export/formats.ts";
import { fingerprintTree, makeWorld, runProgram, stageUpload, type World } from "../jobs/staging-kit.ts";
import { type ServeProcess, startServe } from "../server/server-kit.ts";
import { TREE } from "./tree-format.ts";

setDefaultTimeout(120_000);

/** Starts the program with the format in place of that without. */
const WITH_TREE = ["sh", "-c", `shift; exec "$0" '${join(import.meta.dir, "tree-main.ts")}' "$@"`];

let world: World;
let server: ServeProcess;
let out: string;

beforeAll(async () => {
  world = await makeWorld();
  out = join(world.folder, "out");
  await mkdir(out);
  const texts = Array.from({ length: 10 }, (_, at) => ({ text: `글 ${at % 4}`.repeat(at % 4) }));
  await stageUpload(world, texts, { variant: "text" });
  await runProgram(world, ["process", "start", "--wait", "--quiet"]);
  server = await startServe(world, [], WITH_TREE);
});

afterAll(async () => {
  await server.stop("SIGKILL");
  await rm(world.folder, { recursive: true, force: true });
});

test("a download through a server is that of the folder, byte for byte", async () => {
  using local = new DatalakeClient({ basePath: world.lake.root });
  using remote = new DatalakeClient({ serverUrl: server.url });
  const here = await local.download({ output: join(out, "here"), format: TREE });
  const there = await remote.download({ output: join(out, "there"), format: TREE });
  expect({ ...there, output: here.output }).toEqual(here);
  expect(here.files).toHaveLength(11);
  expect(here.files[3]).toBe("쪽/0/50% #3/글.txt");
  expect(await readFile(join(out, "there", "쪽/0/50% #3/글.txt"), "utf8")).toBe("글 3글 3글 3");
  expect(await fingerprintTree(join(out, "there"))).toEqual(await fingerprintTree(join(out, "here")));
  expect((await readdir(out)).sort()).toEqual(["here", "there"]);
});

test("a way of holding images that it does not have is refused before anything is done", async () => {
  for (const options of [{ basePath: world.lake.root }, { serverUrl: server.url }]) {
    using client = new DatalakeClient(options);
    const refused = client.download({ output: join(out, "no"), format: TREE, images: "embed" });
    expect(await refused.catch(({ code, message }) => [code, message])).toEqual([
      "usage",
      "--format tree has no --images embed; choose none",
    ]);
  }
  const body = { format: "tree", images: "embed" };
  const headers = { "content-type": "application/json" };
  const response = await fetch(`${server.url}/exports`, {
    method: "POST",
    headers,
    body: JSON.stringify(body),
  });
  const { error } = (await response.json()) as { error: object };
  expect([response.status, error]).toEqual([400, expect.objectContaining({ code: "usage" })]);
});

test("the server says which formats it has", async () => {
  const text = await (await fetch(`${server.url}/openapi.json`)).text();
  expect(text).toContain(JSON.stringify([...EXPORT_FORMATS, { name: "tree" }].map(({ name }) => name)));
});

test("of a server that names files elsewhere nothing is taken", async () => {
  const proxy = Bun.serve({
    port: 0,
    fetch: async (request) => {
      const { pathname, search } = new URL(request.url);
      const { method } = request;
      const body = method === "POST" ? await request.text() : null;
      const type = request.headers.get("content-type");
      const response = await fetch(server.url + pathname + search, {
        method,
        body,
        headers: type === null ? {} : { "content-type": type },
      });
      if (method !== "GET" || !/^\/exports\/e\w+$/.test(pathname)) return response;
      const state = (await response.json()) as { files: { name: string }[] };
      for (const file of state.files.slice(0, 1)) file.name = "쪽/../../elsewhere";
      return Response.json(state);
    },
  });
  try {
    using client = new DatalakeClient({ serverUrl: `http://127.0.0.1:${proxy.port}` });
    const before = (await readdir(out)).sort();
    const failed = client.download({ output: join(out, "wrong"), format: TREE });
    expect(await failed.catch(({ code }) => code)).toBe("corrupt");
    expect((await readdir(out)).sort()).toEqual(before);
  } finally {
    await proxy.stop(true);
  }
});
