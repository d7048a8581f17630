import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { brotliDecompressSync } from "node:zlib";
import { initLake } from "../../src/lake/lake.ts";
import { bundleUi } from "../../src/server/ui/bundle.ts";
import { missingPageUrl } from "../../src/server/ui/manual/links.ts";
import type { UiFile } from "../../src/server/ui/ui-file.ts";
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
    const found = /serves .* at (https?:\S+)\s/.exec(text)?.[1];
    if (found !== undefined) return found;
  }
  throw new Error(`serve ended: ${text}`);
}

function textOf({ codings }: UiFile): string {
  return "br" in codings ? brotliDecompressSync(codings.br).toString() : "";
}

test("the executable has the page and the manual of its sources, compressed, and sends browsers to it", async () => {
  const index = await fetch(url, { headers: { accept: "text/html" } });
  expect([index.status, index.url]).toEqual([200, `${url}/ui/`]);
  const files = await bundleUi();
  const all = files.map(textOf).join("\n");
  expect(await index.text()).toBe(textOf(files[0] as UiFile));
  // What is answered where the manual has no page is what no page leads to.
  const unnamed = [missingPageUrl("en"), missingPageUrl("ko")];
  for (const { path, etag, codings, type } of files) {
    // Each is named by the page, or by another file of it.
    const isIndex = path === "index.html";
    if (!isIndex)
      expect([path, all.includes(`/ui/${path}`)]).toEqual([path, !unnamed.includes(`/ui/${path}`)]);
    const answer = await fetch(`${url}/ui/${isIndex ? "any/view" : path}`, {
      headers: { "accept-encoding": "br" },
      decompress: false,
    });
    const { headers } = answer;
    const status = unnamed.includes(`/ui/${path}`) ? 404 : 200;
    expect([answer.status, headers.get("etag"), headers.get("content-type")]).toEqual([status, etag, type]);
    const sent = "br" in codings ? codings.br : codings.plain;
    expect(Buffer.from(await answer.arrayBuffer()).equals(sent)).toBe(true);
  }
});
