/** Pictures of rejected rows, against a real server. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { chmod, mkdir, readdir, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import sharp from "sharp";
import { tiffPages } from "../../src/images/tiff-pages.ts";
import { bytesAsSource } from "../../src/images/tiff-source.ts";
import { hashBytes } from "../../src/lake/digest.ts";
import type { RejectList } from "../../src/schema/upload-list.ts";
import { ownFolder } from "../../src/server/work/own-folder.ts";
import { pdfOf } from "../documents/write-pdf.ts";
import { zipOf } from "../ingest/zip-kit.ts";
import { makeImage, makeWorld, runProgram, type World } from "../jobs/staging-kit.ts";
import { type ServeProcess, startServe } from "./server-kit.ts";

setDefaultTimeout(120_000);

let world: World;
let server: ServeProcess;
let cut: Buffer;
const noImage = Buffer.from("no image");

beforeAll(async () => {
  world = await makeWorld();
  server = await startServe(world);
  const whole = await sharp({
    create: { width: 300, height: 200, channels: 3, noise: { type: "gaussian" }, background: "#888" },
  })
    .jpeg()
    .toBuffer();
  cut = whole.subarray(0, whole.length / 2);
});
afterAll(() => server.stop());

async function upload(dataset: string, maxRejects: string): Promise<string> {
  const pages = [
    { name: "가.png", data: await makeImage(1) },
    { name: "반.jpg", data: cut },
    { name: "글.jpg", data: noImage },
  ];
  const query = { type: "raw", provider: "hub", dataset, max_rejects: maxRejects, name: "쪽.zip" };
  const id = `u${hashBytes(Buffer.from(dataset)).slice(0, 32)}`;
  const body = new Uint8Array(zipOf(pages));
  const url = `${server.url}/uploads/${id}/input?${new URLSearchParams(query)}`;
  expect((await fetch(url, { method: "PUT", body })).status).toBe(200);
  await runProgram(world, ["process", "start", "--wait"]);
  return id;
}

async function rejectsOf(id: string): Promise<RejectList["rejects"]> {
  return ((await (await fetch(`${server.url}/uploads/${id}/rejects`)).json()) as RejectList).rejects;
}

/** Where files are copied to while they are drawn. */
const copies = () => ownFolder(world, "rejected");

const pictureOf = (id: string, hash: string | null) => fetch(`${server.url}/uploads/${id}/rejects/${hash}`);

test("what a rejected row brought is seen, as far as it can be drawn, after its upload is done", async () => {
  // as a server leaves it that is killed while it draws
  await mkdir(copies(), { recursive: true });
  await writeFile(join(copies(), "left"), "a page");
  const id = await upload("끝남", "90%");
  const rejects = await rejectsOf(id);
  expect(rejects).toMatchObject([
    { source_name: "글.jpg", source_hash: hashBytes(noImage), path: null },
    { source_name: "반.jpg", source_hash: hashBytes(cut), path: null },
  ]);
  const drawn = await pictureOf(id, hashBytes(cut));
  expect(drawn.headers.get("content-type")).toBe("image/webp");
  expect(await sharp(await drawn.arrayBuffer()).metadata()).toMatchObject({ width: 256, format: "webp" });
  expect(await readdir(copies())).toEqual([]);
  expect((await pictureOf(id, hashBytes(noImage))).status).toBe(415);
  for (const hash of ["..%2f..%2fconfig%2fschema.yaml", "x", "A".repeat(64)])
    expect((await pictureOf(id, hash)).status).toBe(400);
  for (const hash of ["0".repeat(64), hashBytes(await makeImage(1))])
    expect((await pictureOf(id, hash)).status).toBe(404);
  const checked = await runProgram(world, ["doctor", "--json"]);
  expect(checked.exit).toBe(0);
});

/** Two pages: a damaged image, and one that is whole. */
async function documents(): Promise<{ name: string; data: Uint8Array }[]> {
  const image = (data: Buffer) => ({
    dictionary:
      "/Type/XObject/Subtype/Image/Width 300/Height 200/ColorSpace/DeviceRGB/BitsPerComponent 8/Filter/DCTDecode",
    data,
  });
  const page = { content: "q 300 0 0 200 0 0 cm /I Do Q", box: [0, 0, 300, 200] as const };
  const pdf = pdfOf(
    [
      { ...page, resources: "/XObject<</I @0>>" },
      { ...page, content: "0 0 0 rg 20 20 90 90 re f" },
    ],
    [image(cut)],
  );
  const raw = { width: 300, height: 600, channels: 3 as const, pageHeight: 300 };
  const samples = Buffer.from(Array.from({ length: 300 * 600 * 3 }, (_, at) => (at * at) % 251));
  const tiff = await sharp(samples, { raw }).tiff({ compression: "lzw" }).toBuffer();
  const second = tiffPages(bytesAsSource(tiff)).cut(2).bytes;
  const at = tiff.indexOf(second.subarray(-5000, -4900));
  expect(at).toBeGreaterThan(0);
  tiff.fill(0xff, at, at + 2000);
  return [
    { name: "문서.pdf", data: pdf },
    { name: "팩스.tif", data: tiff },
    { name: "반.jpg", data: cut },
  ];
}

test("rejected pages of a PDF and a TIFF are seen, and images beside them", async () => {
  const files = await documents();
  const query = { type: "raw", provider: "hub", name: "쪽.zip", split_pages: "true" };
  for (const [dataset, maxRejects] of [
    ["문서", "90%"],
    ["실패한 문서", "0"],
  ] as const) {
    const id = `u${hashBytes(Buffer.from(dataset)).slice(0, 32)}`;
    const told = new URLSearchParams({
      ...query,
      dataset: dataset.replace(" ", "_"),
      max_rejects: maxRejects,
    });
    const body = new Uint8Array(zipOf(files));
    expect((await fetch(`${server.url}/uploads/${id}/input?${told}`, { method: "PUT", body })).status).toBe(
      200,
    );
    await runProgram(world, ["process", "start", "--wait"]);
    const rejects = await rejectsOf(id);
    const kept = files.map(({ data }) => hashBytes(data));
    expect(rejects).toMatchObject([
      { source_name: "문서.pdf#page=1", source_hash: kept[0], page: 1 },
      { source_name: "반.jpg", source_hash: kept[2], page: null },
      { source_name: "팩스.tif#page=2", source_hash: kept[1], page: 2 },
    ]);
    const shapes = await Promise.all(
      rejects.map(async ({ source_hash: hash, page }) => {
        const drawn = await pictureOf(id, page === null ? hash : `${hash}?page=${page}`);
        expect(drawn.status).toBe(200);
        const { width, height } = await sharp(await drawn.arrayBuffer()).metadata();
        return [width, height];
      }),
    );
    expect(shapes).toEqual([
      [256, 171],
      [256, 171],
      [256, 256],
    ]);
    const [document] = kept;
    // Two pages of one document are two pictures.
    const pictures = [1, 2].map(async (page) =>
      hashBytes(new Uint8Array(await (await pictureOf(id, `${document}?page=${page}`)).arrayBuffer())),
    );
    expect(new Set(await Promise.all(pictures)).size).toBe(2);
    expect((await pictureOf(id, `${document}?page=9`)).status).toBe(415);
    expect((await pictureOf(id, `${document}?page=0`)).status).toBe(400);
  }
});

test("of a failed upload its staged files are seen, and never others in their place", async () => {
  const id = await upload("실패", "0");
  const hash = hashBytes(cut);
  expect(await rejectsOf(id)).toMatchObject([{ source_hash: hashBytes(noImage) }, { source_hash: hash }]);
  expect((await pictureOf(id, hash)).status).toBe(200);
  await rm(join(world.folder, "cache", "thumbs"), { recursive: true, force: true });
  const staged = join(world.lake.layout.upload("failed", id), "files", hash.slice(0, 2), hash);
  const other = join(world.folder, "secret.png");
  await writeFile(other, await makeImage(9));
  await rm(staged);
  await symlink(other, staged);
  expect((await pictureOf(id, hash)).status).toBe(404);
  expect(await rejectsOf(id)).toMatchObject([{ source_hash: hashBytes(noImage) }, { source_hash: null }]);
  await rm(staged);
  await writeFile(staged, await makeImage(9));
  await chmod(staged, 0o444);
  // It would be the thumbnail of an asset of that name.
  expect((await pictureOf(id, hash)).status).toBe(422);
  const thumbs = await readdir(join(world.folder, "cache", "thumbs"), { recursive: true }).catch(() => []);
  expect(thumbs.filter((name) => name.endsWith(".webp"))).toEqual([]);
});

test("a rejected label shows the page that it is of", async () => {
  const view = join(world.folder, "view.json");
  await writeFile(view, JSON.stringify({ items: "$.words", box: "bbox", form: "xyxy", text: "text" }));
  await runProgram(world, ["config", "task", "edit", "ocr", "--view", view]);
  const labels = join(world.folder, "labels.jsonl");
  await writeFile(
    labels,
    JSON.stringify({ source_name: "가.png", label: { words: [{ bbox: [0, 0, 9999, 9] }] } }),
  );
  const to = ["--type", "task", "--provider", "hub", "--dataset", "끝남", "--task", "ocr", "--variant", "v"];
  const strict = ["--meta", "lang=ko", "--strict", "--max-rejects", "100%", "--json"];
  const sent = await runProgram(world, ["upload", labels, ...to, ...strict]);
  await runProgram(world, ["process", "start", "--wait"]);
  const [row] = await rejectsOf(JSON.parse(sent.stdout).upload_id);
  expect(row?.path).toMatch(/^provider=hub\/dataset=끝남\/..\/..\/[0-9a-f]{64}\.\w+$/);
  const hash = row?.path?.split("/").at(-1)?.split(".")[0];
  const picture = await fetch(`${server.url}/thumbs/${hash}?asset=${encodeURIComponent(row?.path ?? "")}`);
  expect(picture.status).toBe(200);
});
