/** Pages of files that hold several, and labels that are too large to be drawn. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import sharp from "sharp";
import type { BrowseDocument, HitsDocument, PageDocument } from "../../src/schema/page-documents.ts";
import { makeWorld, runProgram, type World } from "../jobs/staging-kit.ts";
import { type ServeProcess, startServe } from "./server-kit.ts";

setDefaultTimeout(120_000);

let world: World;
let server: ServeProcess;
const COLOURS = ["#f00000", "#00f000", "#0000f0"];
const VIEW = "items: $.words\nbox: bbox\nform: xyxy\ntext: text\njoin: id\n";

async function run(...args: string[]) {
  const { exit, stderr } = await runProgram(world, args);
  if (exit !== 0) throw new Error(`${args.join(" ")}: ${stderr}`);
}

async function writeTiff(folder: string): Promise<string> {
  const pages = COLOURS.map((background) =>
    sharp({ create: { width: 60, height: 80, channels: 3, background } })
      .png()
      .toBuffer(),
  );
  await mkdir(folder);
  const joined = sharp(await Promise.all(pages), { join: { animated: true } });
  await joined.tiff({ compression: "lzw" }).toFile(join(folder, "계약.tiff"));
  return folder;
}

const MANY = 90_000;

beforeAll(async () => {
  world = await makeWorld();
  const at = (dataset: string) => ["--provider", "hub", "--dataset", dataset];
  const raw = ["--type", "raw", "--wait"];
  await run(
    "upload",
    await writeTiff(join(world.folder, "a")),
    ...at("whole"),
    ...raw,
    "--images",
    "preserve",
  );
  await run("upload", await writeTiff(join(world.folder, "b")), ...at("split"), ...raw, "--split-pages");
  await writeFile(join(world.folder, "view.yaml"), VIEW);
  await run("config", "task", "create", "words", "--view", join(world.folder, "view.yaml"));
  const labels = [1, 2, 3].map((page) => {
    const box = { id: "x", bbox: [1, 2, 30, 40] };
    const words =
      page === 3
        ? Array.from({ length: MANY }, (_, id) => ({ ...box, id, note: "long enough" }))
        : [box, { id: "y", bbox: [3, 3, 9, 9] }, { id: "x", text: `쪽 ${page}` }];
    return JSON.stringify({ source_name: `계약.tiff#page=${page}`, label: { words } });
  });
  const file = join(world.folder, "labels.jsonl");
  await writeFile(file, labels.join("\n"));
  await run("upload", file, "--type", "task", ...at("split"), "--task", "words", "--variant", "v1", "--wait");
  await writeFile(join(world.folder, "pages.yaml"), VIEW.replace("join: id", "page: page"));
  await run("config", "task", "create", "pages", "--view", join(world.folder, "pages.yaml"));
  const words = [0, 1, 1].map((page, at) => ({ page, text: "조항", bbox: [at, 2, 30, 40] }));
  await writeFile(file, JSON.stringify({ source_name: "계약.tiff", label: { words } }));
  await run("upload", file, "--type", "task", ...at("whole"), "--task", "pages", "--variant", "v1", "--wait");
  server = await startServe(world);
});
afterAll(async () => {
  await server.stop();
  await rm(world.folder, { recursive: true, force: true });
});

async function get<T>(path: string): Promise<T> {
  const response = await fetch(`${server.url}${path}`);
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
  return (await response.json()) as T;
}

async function pagesOf(query: string): Promise<PageDocument[]> {
  const { rows } = await get<BrowseDocument>(`/rows?${query}`);
  return Promise.all(rows.map(({ key }) => get<PageDocument>(`/pages/${key}`)));
}

test("a file that was not split is an image for each of its pages, drawn by the server", async () => {
  const [page] = (await pagesOf("datasets=whole&tasks=raw")) as [PageDocument];
  const [first] = page.images as [PageDocument["images"][number]];
  expect(page.images.map(({ frame }) => frame)).toEqual([0, 1, 2]);
  expect(page.document).toBeNull();
  for (const { hash, asset, frame } of page.images) {
    const query = new URLSearchParams({ asset, side: "2500", frame: String(frame) });
    const answer = await fetch(`${server.url}/thumbs/${hash}?${query}`);
    const { dominant } = await sharp(await answer.arrayBuffer()).stats();
    const brightest = Object.entries(dominant).sort(([, a], [, b]) => b - a)[0]?.[0];
    expect(brightest).toBe(["r", "g", "b"][frame]);
  }
  const beyond = `/thumbs/${first.hash}?${new URLSearchParams({ asset: first.asset, frame: "3" })}`;
  expect((await fetch(`${server.url}${beyond}`)).status).toBe(415);
  expect((await fetch(`${server.url}${beyond}&side=9`)).status).toBe(400);
});

test("hits are marked on the first page of a file alone, and counted on all", async () => {
  const [page] = (await pagesOf("tasks=pages")) as [PageDocument];
  expect(page.label?.regions.map(({ image }) => image)).toEqual([0, 1, 1]);
  const { rows } = await get<HitsDocument>(`/hits?tasks=pages&text=${encodeURIComponent("조항")}`);
  expect(rows).toMatchObject([{ key: page.key, boxes: [[0, 2, 30, 40]], hits: 3 }]);
});

test("the pages of a split document lead to each other, raw and in labels", async () => {
  for (const task of ["raw", "words"]) {
    const pages = await pagesOf(`datasets=split&tasks=${task}`);
    const keys = pages.map(({ key }) => key);
    expect(pages.map(({ document }) => document)).toEqual([
      { page: 1, pages: 3, before: null, after: keys[1] ?? "" },
      { page: 2, pages: 3, before: keys[0] ?? "", after: keys[2] ?? "" },
      { page: 3, pages: 3, before: keys[1] ?? "", after: null },
    ]);
    expect(pages.map(({ images }) => images.length)).toEqual([1, 1, 1]);
  }
});

test("a region says where the label has it, joined ones of all their objects; a huge label is not read", async () => {
  const [first, , third] = await pagesOf("datasets=split&tasks=words");
  expect(first?.label?.regions.map(({ text, places }) => [text, places])).toEqual([
    ["쪽 1", ["$.words[0]", "$.words[2]"]],
    [null, ["$.words[1]"]],
  ]);
  expect([third?.label, third?.cut]).toEqual([null, ["label"]]);
  expect(third?.columns[0]?.value?.length).toBe(200_000);
});
