import { expect, test } from "bun:test";
import { brotliDecompressSync } from "node:zlib";
import { loadSettings } from "../../src/config.ts";
import { docsRoutes } from "../../src/server/routes/docs.ts";
import { uiRoutes } from "../../src/server/routes/ui.ts";
import { bundleUi } from "../../src/server/ui/bundle.ts";
import { appWithoutLake } from "./app-kit.ts";

const { app } = await appWithoutLake();
const get = (path: string, headers: Record<string, string> = {}) =>
  app.handle(new Request(`http://localhost${path}`, { headers }));
const textOf = async (answer: Response) =>
  answer.headers.get("content-encoding") === "br"
    ? brotliDecompressSync(await answer.arrayBuffer()).toString()
    : answer.text();

test("a browser is sent to the page, a program is told where to go", async () => {
  const browser = await get("/", { accept: "text/html,application/xhtml+xml" });
  expect([browser.status, browser.headers.get("location")]).toEqual([302, "/ui/"]);
  expect(await (await get("/", { accept: "*/*" })).json()).toMatchObject({ name: "datalake" });
});

test("every address below /ui is the page, which allows no other source", async () => {
  for (const path of [
    "/ui",
    "/ui/datasets",
    "/ui/page/a/%EC%98%81%EC%88%98%EC%A6%9D/raw/image/u0/1?text=x",
  ]) {
    const answer = await get(path);
    expect([answer.status, answer.headers.get("content-type")]).toEqual([200, "text/html; charset=utf-8"]);
    expect(answer.headers.get("cache-control")).toBe("no-cache");
    const policy = answer.headers.get("content-security-policy") ?? "";
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("require-trusted-types-for 'script'");
    expect(policy).not.toContain("unsafe");
  }
});

test("files that the page names are there, compressed as asked for, and never change", async () => {
  const index = await textOf(await get("/ui"));
  const names = [...index.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, name]) => name as string);
  expect(names.length).toBe(3);
  for (const name of names) {
    const plain = await get(name);
    const text = await textOf(plain);
    expect([plain.status, text.length > 50]).toEqual([200, true]);
    const br = await get(name, { "accept-encoding": "gzip, br" });
    expect(br.headers.get("content-encoding")).toBe("br");
    expect(await textOf(br)).toBe(text);
    const gzip = await get(name, { "accept-encoding": "gzip, br;q=0" });
    expect(gzip.headers.get("content-encoding")).toBe("gzip");
    expect(Bun.gunzipSync(new Uint8Array(await gzip.arrayBuffer())).length).toBe(Buffer.byteLength(text));
    const etag = plain.headers.get("etag") as string;
    expect((await get(name, { "if-none-match": etag })).status).toBe(304);
    expect(plain.headers.get("cache-control")).toContain("immutable");
  }
  expect((await get("/ui/files/main-00000000.js")).status).toBe(404);
});

test("the same sources give the same page", async () => {
  const [first, second] = [await bundleUi(), await bundleUi()];
  expect(first).toEqual(second);
  const sent = (of: (path: string) => boolean) =>
    first.reduce((sum, { path, codings }) => sum + (of(path) && "br" in codings ? codings.br.length : 0), 0);
  expect(sent((path) => !path.startsWith("manual/"))).toBeLessThan(100_000);
  const held = first
    .flatMap(({ codings }) => Object.values(codings))
    .reduce((sum, one) => sum + one.length, 0);
  expect(held).toBeLessThan(1_000_000);
});

test("it can be switched off", async () => {
  const settings = await loadSettings({ onlyFlags: true });
  const off = { version: "1", settings: { ...settings, serve: { ...settings.serve, ui: "off" as const } } };
  const root = await docsRoutes(off).handle(
    new Request("http://localhost/", { headers: { accept: "text/html" } }),
  );
  expect(root.status).toBe(200);
  expect((await uiRoutes(off).handle(new Request("http://localhost/ui"))).status).not.toBe(200);
});
