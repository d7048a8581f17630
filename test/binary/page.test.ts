import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { initLake } from "../../src/lake/lake.ts";
import { bundleUi } from "../../src/server/ui/bundle.ts";
import { builtBinary } from "./binary.ts";

setDefaultTimeout(120_000);

let folder: string;
let server: Bun.Subprocess<"ignore", "ignore", "pipe">;
let url: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "datalake-page-"));
  const { lake } = await initLake(join(folder, "lake"));
  server = Bun.spawn([await builtBinary(), "serve", "--port", "0"], {
    cwd: folder,
    env: {
      PATH: "/usr/bin:/bin",
      HOME: folder,
      DATALAKE_LAKE: lake.root,
      DATALAKE_CACHE: join(folder, "cache"),
    },
    stdin: "ignore",
    stdout: "ignore",
    stderr: "pipe",
  });
  url = await servedAt(server.stderr);
});
afterAll(async () => {
  server?.kill();
  await server?.exited;
  await rm(folder, { recursive: true, force: true });
});

async function servedAt(stderr: ReadableStream<Uint8Array>): Promise<string> {
  let text = "";
  const decoder = new TextDecoder();
  for await (const chunk of stderr) {
    text += decoder.decode(chunk, { stream: true });
    const found = /serves .* at (https?:\S+)/.exec(text)?.[1];
    if (found !== undefined) return found;
  }
  throw new Error(`serve ended: ${text}`);
}

test("the executable has the page of its sources, compressed, and sends browsers to it", async () => {
  const index = await fetch(url, { headers: { accept: "text/html" } });
  expect([index.status, index.url]).toEqual([200, `${url}/ui/`]);
  const html = await index.text();
  for (const { name, etag, br, type } of await bundleUi()) {
    if (name !== "index.html") expect(html).toContain(`/ui/files/${name}`);
    const path = name === "index.html" ? "/ui/any/view" : `/ui/files/${name}`;
    const answer = await fetch(url + path, { headers: { "accept-encoding": "br" }, decompress: false });
    expect([answer.status, answer.headers.get("etag"), answer.headers.get("content-type")]).toEqual([
      200,
      etag,
      type,
    ]);
    expect(Buffer.from(await answer.arrayBuffer()).equals(br)).toBe(true);
  }
});
