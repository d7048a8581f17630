import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import sharp from "sharp";
import type { CompareResult } from "../../src/schema/label-compare.ts";
import type {
  BrowseDocument,
  DifferencesDocument,
  HitsDocument,
  PageDocument,
  SessionDocument,
  StatisticsDocument,
} from "../../src/schema/page-documents.ts";
import { makeWorld, runProgram, type World } from "../jobs/staging-kit.ts";
import { type ServeProcess, startServe, until } from "./server-kit.ts";

setDefaultTimeout(120_000);

const PAGES = 25;
const SIDE = 320;
let world: World;
let server: ServeProcess;

const VIEW = `items: $.words
box: bbox
form: xywh
text: text
category: kind
`;

async function run(args: string[]) {
  const { exit, stderr } = await runProgram(world, args);
  if (exit !== 0) throw new Error(`${args.join(" ")}: ${stderr}`);
}

beforeAll(async () => {
  world = await makeWorld();
  const scans = join(world.folder, "scans");
  for (let at = 0; at < PAGES; at++) {
    const background = { r: at * 9, g: 200, b: 255 - at * 9 };
    const image = sharp({ create: { width: SIDE, height: 200, channels: 3, background } });
    await Bun.write(join(scans, `쪽-${String(at).padStart(2, "0")}.png`), await image.png().toBuffer());
  }
  const labels = Array.from({ length: PAGES }, (_, at) => {
    const words = [{ bbox: [10, 20, 100, 30], text: `영수증 ${at}`, kind: "title" }];
    return JSON.stringify({
      source_name: `쪽-${String(at).padStart(2, "0")}.png`,
      label: JSON.stringify({ words }),
    });
  });
  await writeFile(join(world.folder, "labels.jsonl"), labels.join("\n"));
  await writeFile(join(world.folder, "view.yaml"), VIEW);
  const at = ["--provider", "hub", "--dataset", "책 &/1".replace(/[^\p{L}]/gu, "")];
  await run(["config", "task", "edit", "ocr", "--view", join(world.folder, "view.yaml")]);
  await run(["upload", scans, "--type", "raw", ...at, "--wait"]);
  for (const variant of ["a", "b"]) {
    const meta = ["--meta", "lang=ko"];
    const file = join(world.folder, "labels.jsonl");
    await run([
      "upload",
      file,
      "--type",
      "task",
      ...at,
      "--task",
      "ocr",
      "--variant",
      variant,
      ...meta,
      "--wait",
    ]);
  }
  server = await startServe(world);
});
afterAll(async () => {
  await server.stop();
});

async function get<T>(path: string, headers: Record<string, string> = {}): Promise<T> {
  const response = await fetch(`${server.url}${path}`, { headers });
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
  return (await response.json()) as T;
}

describe("rows by place", () => {
  test("are those of the query, wherever they begin", async () => {
    const all = await get<BrowseDocument>("/rows?count=500");
    expect(all).toMatchObject({ total: PAGES * 3, at: 0 });
    expect(all.rows).toHaveLength(PAGES * 3);
    expect(new Set(all.rows.map(({ key }) => key)).size).toBe(PAGES * 3);
    for (const at of [0, 7, PAGES - 1, PAGES, 60, PAGES * 3 - 1, PAGES * 3]) {
      const some = await get<BrowseDocument>(`/rows?at=${at}&count=10`);
      expect(some.rows).toEqual(all.rows.slice(at, at + 10));
    }
    const [first] = all.rows;
    expect(first).toMatchObject({ task: "ocr", variant: "a", source_name: "쪽-00.png", width: SIDE });
  });

  test("of a text are its hits, and an unknown parameter is refused", async () => {
    const hits = await get<BrowseDocument>(`/rows?text=${encodeURIComponent("영수증 7")}`);
    expect(hits.total).toBe(2);
    expect(hits.rows.map(({ variant, source_name }) => [variant, source_name])).toEqual([
      ["a", "쪽-07.png"],
      ["b", "쪽-07.png"],
    ]);
    const second = await get<BrowseDocument>(`/rows?text=${encodeURIComponent("영수증 7")}&at=1&count=5`);
    expect(second.rows).toEqual(hits.rows.slice(1));
    expect((await fetch(`${server.url}/rows?place=3`)).status).toBe(400);
    expect((await fetch(`${server.url}/rows?datasets=없음`)).status).toBe(404);
  });
});

test("hits of a text are told by the places of their regions, for the rows of a place", async () => {
  const text = encodeURIComponent("영수증 7".normalize("NFD"));
  const { rows } = await get<BrowseDocument>(`/rows?text=${text}`);
  const found = await get<HitsDocument>(`/hits?text=${text}`);
  expect(found.rows).toEqual(
    rows.map(({ key }) => ({
      key,
      width: SIDE,
      height: 200,
      boxes: [[10, 20, 110, 50]],
      hits: 1,
      is_guess: false,
    })),
  );
  expect((await get<HitsDocument>(`/hits?text=${text}&at=1&count=1`)).rows).toEqual(found.rows.slice(1));
  // Found in a name, or where no view looks.
  expect((await get<HitsDocument>("/hits?text=.png")).rows).toEqual([]);
  expect((await get<HitsDocument>(`/hits?text=ko&column=lang`)).rows).toEqual([]);
  expect((await fetch(`${server.url}/hits`)).status).toBe(400);
});

describe("a page", () => {
  test("has its image, its regions by the view of the task, and the other rows of the same page", async () => {
    const { rows } = await get<BrowseDocument>("/rows?tasks=ocr&variants=a&at=3&count=1");
    const page = await get<PageDocument>(`/pages/${rows[0]?.key}`);
    expect(page.images).toHaveLength(1);
    expect(page.images[0]).toMatchObject({ width: SIDE, height: 200 });
    expect(page.label).toMatchObject({ is_guess: false, faults: [], column: "label" });
    expect(page.label?.regions).toEqual([
      expect.objectContaining({
        polygon: [
          [10, 20],
          [110, 20],
          [110, 50],
          [10, 50],
        ],
        text: "영수증 3",
        category: "title",
        image: 0,
        places: ["$.words[0]"],
      }),
    ]);
    expect(page.others.map(({ task, variant }) => [task, variant])).toEqual([
      ["ocr", "b"],
      ["raw", "image"],
    ]);
    expect(page.columns.map(({ name }) => name)).toEqual(["label", "lang"]);
    const asset = await fetch(`${server.url}/assets/${page.images[0]?.asset}`);
    expect(asset.status).toBe(200);
  });

  test("that is not there is not found", async () => {
    for (const key of ["x", "a/b/c/d/e/f", `hub/책/ocr/a/u${"0".repeat(32)}/1`, "%ff/b/c/d/e/f"])
      expect((await fetch(`${server.url}/pages/${key}`)).status).toBe(404);
  });
});

describe("a thumbnail", () => {
  test("is small, made once, and of an asset only", async () => {
    const { rows } = await get<BrowseDocument>("/rows?tasks=raw&count=3");
    const urls = rows.map(
      ({ hash, asset }) => `${server.url}/thumbs/${hash}?asset=${encodeURIComponent(asset ?? "")}`,
    );
    const answers = await Promise.all([...urls, ...urls].map((url) => fetch(url)));
    for (const answer of answers) {
      expect(answer.headers.get("cache-control")).toContain("immutable");
      const { width, height, format } = await sharp(await answer.arrayBuffer()).metadata();
      expect([width, height, format]).toEqual([256, 160, "webp"]);
    }
    const [first] = urls;
    const etag = answers[0]?.headers.get("etag") ?? "";
    expect((await fetch(first ?? "", { headers: { "if-none-match": etag } })).status).toBe(304);
    const other = `${server.url}/thumbs/${"0".repeat(64)}?asset=../../etc/passwd`;
    expect((await fetch(other)).status).toBe(404);
  });
});

test("events tell what is, and then what changes", async () => {
  const response = await fetch(`${server.url}/events`);
  expect(response.headers.get("content-type")).toBe("text/event-stream");
  const reader = response.body?.getReader();
  let text = "";
  while (!/event: catalog\n/.test(text) || !/event: uploads\n/.test(text)) {
    const { value, done } = (await reader?.read()) ?? { done: true };
    if (done) break;
    text += new TextDecoder().decode(value);
  }
  expect(text).toContain('data: {"pending":0,"processing":0,"failed":0}');
  await reader?.cancel();
});

describe("labels", () => {
  async function runOperation<T>(name: string, request: object): Promise<T> {
    const { exit, stdout, stderr } = await runProgram(world, [
      "run",
      name,
      "--request",
      JSON.stringify(request),
      "--json",
    ]);
    if (exit !== 0) throw new Error(stderr);
    return JSON.parse(stdout) as T;
  }

  test("are counted by what they hold", async () => {
    const counted = await runOperation<StatisticsDocument>("statistics", { tasks: ["ocr"], variants: ["a"] });
    expect(counted).toMatchObject({
      ...{ rows: PAGES, pages: PAGES, labels: PAGES, regions: PAGES },
      ...{ words: PAGES * 2, rows_counted: PAGES, rows_uncounted: 0 },
    });
    const bars = Object.fromEntries(counted.bars.map((one) => [one.name, one.bars]));
    expect(bars["label.category"]).toEqual([{ value: "title", rows: PAGES }]);
    expect(bars["label.script"]).toEqual([
      { value: "Hangul", rows: PAGES },
      { value: "digits", rows: PAGES },
    ]);
    expect(bars.format).toEqual([{ value: "jpeg", rows: PAGES }]);
    expect(bars["image.pixels"]?.[0]).toEqual({ value: "0..250000", rows: PAGES });
    expect(bars.lang).toEqual([{ value: "ko", rows: PAGES }]);
  });

  test("of two variants are compared page by page", async () => {
    const at = { provider: "hub", dataset: "책", task: "ocr" };
    const same = await runOperation<CompareResult>("compare", { ...at, a: "a", b: "b" });
    expect(same).toMatchObject({ pages: PAGES, equal: PAGES, only_a: 0, only_b: 0, edits: 0, first: [] });
    const words = [
      { bbox: [10, 20, 100, 30], text: "영수중 0", kind: "title" },
      { bbox: [10, 90, 50, 30], text: "새", kind: "text" },
    ];
    const row = { source_name: "쪽-00.png", label: JSON.stringify({ words }) };
    await writeFile(join(world.folder, "c.jsonl"), JSON.stringify(row));
    const to = [
      "--provider",
      "hub",
      "--dataset",
      "책",
      "--task",
      "ocr",
      "--variant",
      "c",
      "--meta",
      "lang=ko",
    ];
    await run(["upload", join(world.folder, "c.jsonl"), "--type", "task", ...to, "--wait"]);
    const changed = await runOperation<CompareResult>("compare", { ...at, a: "a", b: "c" });
    expect(changed).toMatchObject({ pages: 1, only_a: PAGES - 1, only_b: 0, equal: 0, paired: 1, edits: 1 });
    expect(changed.differences).toMatchObject({ text: 1, extra: 1, missing: 0, category: 0 });
    const [first] = changed.first;
    const query = new URLSearchParams({ a: first?.a ?? "", b: first?.b ?? "" });
    const shown = await get<DifferencesDocument>(`/differences?${query}`);
    expect(shown.differences.map(({ kind, a, b }) => [kind, a, b])).toEqual([
      ["text", 0, 0],
      ["extra", null, 1],
    ]);
    expect([shown.a.variant, shown.b.variant]).toEqual(["a", "c"]);
    // What is added later is the page's state then.
    const again = { ...row, label: JSON.stringify({ words: [{ ...words[0], text: "영수증 0" }] }) };
    await writeFile(join(world.folder, "again.jsonl"), JSON.stringify(again));
    const added = ["upload", join(world.folder, "again.jsonl"), "--type", "task", ...to, "--mode", "append"];
    await run([...added, "--wait"]);
    const newest = await runOperation<CompareResult>("compare", { ...at, a: "a", b: "c" });
    expect(newest).toMatchObject({ pages: 1, equal: 1, regions_b: 1, repeated_a: 0, repeated_b: 1 });
    const turned = await runOperation<CompareResult>("compare", { ...at, a: "c", b: "a" });
    expect(turned).toMatchObject({ pages: 1, equal: 1, repeated_a: 1, repeated_b: 0 });
  });
});

describe("a login", () => {
  let guarded: ServeProcess;
  let token: string;
  beforeAll(async () => {
    await server.stop();
    const { stdout } = await runProgram(world, ["token", "create", "눈", "--role", "reader", "--json"]);
    token = JSON.parse(stdout).token;
    guarded = await startServe(world);
    server = guarded;
  });

  const session = async (init: RequestInit = {}) => {
    const response = await fetch(`${guarded.url}/session`, init);
    return { response, document: (await response.json()) as SessionDocument };
  };
  const login = (given: string) =>
    session({
      method: "POST",
      body: JSON.stringify({ token: given }),
      headers: { "content-type": "application/json" },
    });

  test("gives a cookie for a token, which opens what the token does", async () => {
    expect((await session()).document).toMatchObject({ login: "needed", name: null });
    expect((await fetch(`${guarded.url}/rows`)).status).toBe(401);
    expect((await login("wrong")).response.status).toBe(401);
    const { response, document } = await login(token);
    expect(document).toMatchObject({ login: "done", name: "눈", role: "reader" });
    const given = response.headers.get("set-cookie") ?? "";
    expect(given).toMatch(/^datalake-\w+=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict; Max-Age=43200$/);
    const cookie = given.split(";")[0] ?? "";
    const ask = (path: string, headers: Record<string, string> = {}, method = "GET") =>
      fetch(`${guarded.url}${path}`, { method, headers: { cookie, ...headers } });
    expect((await ask("/rows")).status).toBe(200);
    expect((await ask("/rows", { "sec-fetch-site": "same-origin" })).status).toBe(200);
    for (const site of ["same-site", "cross-site"]) {
      expect((await ask("/rows", { "sec-fetch-site": site })).status).toBe(403);
    }
    expect((await ask("/rows", { referer: "http://127.0.0.1:1/" })).status).toBe(403);
    expect((await ask("/rows", { referer: `${guarded.url}/ui/` })).status).toBe(200);
    expect((await ask("/process", {}, "POST")).status).toBe(403); // a reader
    expect((await session({ headers: { cookie } })).document.login).toBe("done");
    const ended = await ask("/session", {}, "DELETE");
    expect(ended.headers.get("set-cookie")).toContain("Max-Age=0");
    expect((await ask("/rows")).status).toBe(401);
  });

  test("is of one lake: what opens another one on the same host opens nothing here", async () => {
    const other = await makeWorld();
    const { stdout } = await runProgram(other, ["token", "create", "눈", "--role", "admin", "--json"]);
    const second = await startServe(other);
    try {
      const cookieOf = async (url: string, given: string) => {
        const body = JSON.stringify({ token: given });
        const headers = { "content-type": "application/json" };
        const answer = await fetch(`${url}/session`, { method: "POST", body, headers });
        return answer.headers.get("set-cookie")?.split(";")[0] ?? "";
      };
      const [here, there] = [
        await cookieOf(guarded.url, token),
        await cookieOf(second.url, JSON.parse(stdout).token),
      ];
      expect(here.split("=")[0]).not.toBe(there.split("=")[0]);
      const statusOf = async (url: string, cookie: string) =>
        (await fetch(`${url}/info`, { headers: { cookie } })).status;
      // The browser sends both to both.
      expect(await statusOf(guarded.url, `${there}; ${here}`)).toBe(200);
      expect(await statusOf(second.url, `${there}; ${here}`)).toBe(200);
      expect(await statusOf(guarded.url, there)).toBe(401);
      // The id of one under the name of the other.
      expect(await statusOf(guarded.url, `${here.split("=")[0]}=${there.split("=")[1]}`)).toBe(401);
    } finally {
      await second.stop();
    }
  });

  test("of pages of other sites and ports changes nothing, and no page of theirs begins one", async () => {
    const cookie = (await login(token)).response.headers.get("set-cookie")?.split(";")[0] ?? "";
    const port = Number(new URL(guarded.url).port);
    const foreign: Record<string, string>[] = [
      { "sec-fetch-site": "cross-site", origin: "https://evil.example" },
      { "sec-fetch-site": "same-site", origin: `http://127.0.0.1:${port + 1}` },
      // Over plain HTTP browsers do not tell the site.
      { origin: `http://127.0.0.1:${port + 1}` },
      { origin: "https://evil.example" },
      { origin: "null" },
    ];
    for (const headers of foreign) {
      const ask = async (method: string, path: string) =>
        (await fetch(`${guarded.url}${path}`, { method, headers: { cookie, ...headers } })).status;
      expect(await ask("POST", "/validate-assets")).toBe(403);
      expect(await ask("GET", "/info")).toBe(403);
      if (headers.origin?.startsWith("http://")) continue; // of this host: it may log in where it has a token
      expect(await ask("POST", "/session")).toBe(403);
    }
    expect((await fetch(`${guarded.url}/info`, { headers: { cookie, origin: guarded.url } })).status).toBe(
      200,
    );
  });

  test("ends when its token is revoked", async () => {
    const cookie = (await login(token)).response.headers.get("set-cookie")?.split(";")[0] ?? "";
    const status = async () => (await fetch(`${guarded.url}/rows`, { headers: { cookie } })).status;
    expect(await status()).toBe(200);
    const events = await fetch(`${guarded.url}/events`, { headers: { cookie } });
    await runProgram(world, ["token", "revoke", "눈"]);
    await until(async () => (await status()) === 401);
    // What it was told as it happened ends too.
    expect(await events.text()).toContain("event: ended");
  });
});
