/** Training formats from a lake: through a server as from the folder, and Label Studio's export read back. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import sharp from "sharp";
import { DatalakeClient } from "../../src/client/index.ts";
import { EXPORT_FORMATS, type ExportFormatName } from "../../src/export/formats.ts";
import type { SampleCounts } from "../../src/export/samples/counts.ts";
import { fingerprintTree, makeWorld, runProgram, type World } from "../jobs/staging-kit.ts";
import { type ServeProcess, startServe } from "../server/server-kit.ts";
import { hasLance, readCoco, readLanceRows } from "./read-back.ts";

setDefaultTimeout(120_000);

/** Lance names its files by random numbers. */
const FORMATS = EXPORT_FORMATS.filter((format) => "openSamples" in format)
  .map(({ name }) => name)
  .filter((name) => name !== "lance");
const COMMON = ["--provider", "hub", "--dataset", "계약서"];
const VIEW = "items: $.words\nbox: bbox\nform: xyxy\ntext: text\ncategory: kind\n";

let world: World;
let server: ServeProcess;
let local: DatalakeClient;

async function datalake(...argv: string[]): Promise<void> {
  const { exit, stderr } = await runProgram(world, argv);
  expect([exit, stderr]).toEqual([0, expect.anything()]);
}

/** A page of 90 x 60 whose bytes lie on their side where `orientation` says so. */
function page(seed: number, orientation?: number): Promise<Buffer> {
  const [width, height] = orientation === 6 ? [60, 90] : [90, 60];
  const image = sharp({
    create: { width, height, channels: 3, background: { r: seed * 40, g: 200, b: 90 } },
  });
  return (orientation === undefined ? image : image.withMetadata({ orientation })).jpeg().toBuffer();
}

const words = (at: number) => ({
  words: [
    { text: `계약서 제${at}조`, bbox: [5, 5, 40 + at, 20], kind: "title" },
    { text: "을 <image>", bbox: [10, 30, 80, 55], kind: "text" },
  ],
});

beforeAll(async () => {
  world = await makeWorld();
  const scans = join(world.folder, "스캔");
  await mkdir(scans);
  for (const at of [1, 2, 3])
    await writeFile(join(scans, `쪽 ${at}.v1.jpg`), await page(at, at === 2 ? 6 : undefined));
  const rows = [1, 2, 3].map((at) => ({ source_name: `쪽 ${at}.v1.jpg`, label: words(at) }));
  const again = {
    source_name: "쪽 1.v1.jpg",
    label: { words: [{ text: "다시", bbox: [50, 5, 85, 25], kind: "text" }] },
  };
  await writeFile(
    join(world.folder, "labels.jsonl"),
    [...rows, again].map((row) => JSON.stringify(row)).join("\n"),
  );
  await writeFile(join(world.folder, "view.yaml"), VIEW);
  await datalake("config", "task", "edit", "ocr", "--view", join(world.folder, "view.yaml"));
  await datalake("upload", scans, "--type", "raw", ...COMMON, "--images", "preserve");
  const task = ["--type", "task", ...COMMON, "--task", "ocr", "--variant", "words", "--meta", "lang=ko"];
  await datalake("upload", join(world.folder, "labels.jsonl"), ...task);
  await datalake("process", "start", "--wait");
  server = await startServe(world);
  local = new DatalakeClient({ basePath: world.lake.root });
});

afterAll(async () => {
  local.close();
  await server.stop("SIGKILL");
  await rm(world.folder, { recursive: true, force: true });
});

const query = { tasks: ["ocr"], variants: ["words"] };

describe.each(FORMATS)("%s", (format) => {
  test("through a server is that of the folder, byte for byte", async () => {
    using remote = new DatalakeClient({ serverUrl: server.url });
    const [here, there] = [
      join(world.folder, "out", "here", format),
      join(world.folder, "out", "there", format),
    ];
    // Some formats hold the absolute path of their output: both are made at one place.
    const place = join(world.folder, "out", format);
    const made = await local.download({ output: place, format, query });
    await moveAway(place, here);
    const fetched = await remote.download({ output: place, format, query });
    await moveAway(place, there);
    expect(fetched).toEqual(made);
    expect(await fingerprintTree(there)).toEqual(await fingerprintTree(here));
    expect(made.samples?.samples).toBe(4);
    expect(Object.keys(made.samples?.dropped ?? {})).toEqual(format === "yolo" ? ["YOLO has no texts"] : []);
  });
});

test.skipIf(!hasLance)("lance through a server has the rows of the folder's", async () => {
  using remote = new DatalakeClient({ serverUrl: server.url });
  const [here, there] = [join(world.folder, "lance-here"), join(world.folder, "lance-there")];
  const made = await local.download({ output: here, format: "lance", query });
  const fetched = await remote.download({ output: there, format: "lance", query });
  expect(fetched.samples).toEqual(made.samples as SampleCounts);
  expect(await readLanceRows(there)).toEqual(await readLanceRows(here));
  expect((await readLanceRows(here)).length).toBe(4);
});

async function moveAway(from: string, to: string): Promise<void> {
  const { rename } = await import("node:fs/promises");
  await mkdir(join(to, ".."), { recursive: true });
  await rename(from, to);
}

async function download(format: ExportFormatName, name: string, more: object = {}) {
  const output = join(world.folder, name);
  return local.download({ output, format, query, ...more });
}

test("a page that lies on its side is upright in the output, by reference too", async () => {
  for (const images of ["embed", "reference", "link"] as const) {
    const { output, samples } = await download("yolo", `yolo-${images}`, { images });
    expect(samples?.changed).toMatchObject({ "pages turned upright": 1 });
    const folder = join(output, "images", "train");
    for (const name of await readdir(folder)) {
      const { width, height, orientation = 1 } = await sharp(await readFile(join(folder, name))).metadata();
      expect([name, width, height, orientation]).toEqual([name, 90, 60, 1]);
    }
  }
});

test("rows of one page are one image of COCO and one label file of YOLO", async () => {
  const { output } = await download("coco", "coco-rows");
  const pages = await readCoco(output);
  expect(pages.map(({ regions }) => regions.length).sort()).toEqual([2, 2, 3]);
  const yolo = join((await download("yolo", "yolo-rows")).output, "labels", "train");
  const labels = await Promise.all((await readdir(yolo)).map((name) => readFile(join(yolo, name), "utf8")));
  expect(labels.map((text) => text.split("\n").length - 1).sort()).toEqual([2, 2, 3]);
});

test("what Label Studio exports becomes labels of the same pages", async () => {
  const { output } = await download("label-studio", "tasks");
  const tasks = JSON.parse(await readFile(join(output, "tasks.json"), "utf8")) as {
    data: Record<string, unknown>;
    predictions: { result: object[] }[];
  }[];
  // As a person accepts what is predicted; the second export lacks what only our own tasks say.
  const exported = tasks.map(({ data, predictions }, at) => ({
    id: at + 1,
    data,
    annotations: [{ id: at + 1, completed_by: 1, result: predictions[0]?.result }],
  }));
  const foreign = exported.slice(1, 3).map(({ data: _, ...task }, at) => ({
    ...task,
    data: { image: `/data/upload/3/0a1b2c3d-${encodeURIComponent(`쪽 ${at + 2}.v1`)}.jpg` },
  }));
  const pagesOf: Record<string, unknown> = {};
  for (const [variant, list] of Object.entries({ checked: exported, foreign })) {
    const file = join(world.folder, `${variant}.json`);
    await writeFile(file, JSON.stringify(list));
    const task = ["--type", "task", ...COMMON, "--task", "ocr", "--variant", variant, "--meta", "lang=ko"];
    await datalake("upload", file, ...task);
  }
  await datalake("process", "start", "--wait", "--server", server.url);
  for (const variant of ["checked", "foreign"]) {
    const output = join(world.folder, `coco-${variant}`);
    const read = { query: { tasks: ["ocr"], variants: [variant] }, samples: { view: "label-studio" } };
    const { samples } = await local.download({ output, format: "coco", ...read });
    expect(samples?.dropped).toEqual({});
    pagesOf[variant] = sorted(await readCoco(output));
  }
  const before = sorted(await readCoco((await download("coco", "coco-before")).output));
  expect(pagesOf.checked).toEqual(before);
  expect(pagesOf.foreign).toHaveLength(2);
});

/** Boxes to a tenth of a pixel. */
function sorted(pages: Awaited<ReturnType<typeof readCoco>>) {
  const rounded = pages.map(({ page, regions }) => ({
    page,
    regions: regions.map((region) => ({
      ...region,
      box: region.box.map((value) => Math.round(value * 10) / 10),
    })),
  }));
  return rounded.sort((a, b) => (a.page < b.page ? -1 : 1));
}

test("--sample-images draws pages with their regions, and says what the numbers are", async () => {
  const { output, files } = await download("yolo", "yolo-sheet", { samples: { sample_images: 2 } });
  expect(files).toContain(".datalake/sample-images.jpg");
  const own = join(output, ".datalake");
  const sheet = sharp(await readFile(join(own, "sample-images.jpg")));
  const { data, info } = await sheet.raw().toBuffer({ resolveWithObject: true });
  const pixel = (x: number, y: number) => [
    ...data.subarray((y * info.width + x) * 3, (y * info.width + x) * 3 + 3),
  ];
  const legend = JSON.parse(await readFile(join(own, "sample-images.json"), "utf8"));
  expect(legend.categories).toEqual({ text: "red", title: "blue" });
  expect(legend.pages).toHaveLength(2);
  // A page of 90 x 60 is drawn 900 wide; the upper side of the first region of either row is at 50.
  const isTitle = legend.pages[0].regions[0].category === "title";
  const [red = 0, green = 0, blue = 0] = pixel(16 + (isTitle ? 250 : 700), 16 + 50);
  expect([isTitle ? blue > 150 : red > 150, green < 130]).toEqual([true, true]);
});

test.each([
  [["--split", "train=0.5,val"], "val has no share"],
  [["--split", "train=1", "--group-by", "없음"], "--group-by 없음: the rows have no such column"],
  [["--group-by", "document"], "give --split too"],
  [["--prompt", "ocr-ko"], "--format yolo has none"],
  [["--sample-images", "99"], "--sample-images 99 is no whole number up to 30"],
])("%p is refused in one sentence", async (flags, sentence) => {
  const output = join(world.folder, "refused");
  const argv = ["download", "--task", "ocr", "--variant", "words", "--output", output, "--format", "yolo"];
  const { exit, stderr } = await runProgram(world, [...argv, ...flags]);
  expect([exit, stderr]).toEqual([2, expect.stringContaining(sentence)]);
  expect(stderr.trim().split("\n")).toHaveLength(1);
});
