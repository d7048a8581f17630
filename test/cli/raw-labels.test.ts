/** Labels of pages: uploaded with them as `raw`, or of the text layer of PDFs. By the folder and by a server alike. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { EXPORT_FORMATS } from "../../src/export/formats.ts";
import type { SampleCounts } from "../../src/export/samples/counts.ts";
import type { ExportState } from "../../src/schema/export.ts";
import type { StatisticsDocument } from "../../src/schema/page-documents.ts";
import { pdfOf } from "../documents/write-pdf.ts";
import { makeImage, makeWorld, runProgram, type World } from "../jobs/staging-kit.ts";
import { type ServeProcess, startServe, until } from "../server/server-kit.ts";
import { run } from "./harness.ts";

setDefaultTimeout(120_000);

const FONTS = "/Font<</F<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>>>";
/** A box that ends beyond the middle can only be xyxy. */
const WORDS = [{ text: "가", bbox: [14, 9, 20, 14] }];
const VIEW = "items: $.words\nbox: bbox\nform: xyxy\ntext: text\n";
let world: World;
let server: ServeProcess;
let view: string;

async function upload(dataset: string, files: Record<string, Uint8Array | string>, ...flags: string[]) {
  const folder = join(world.folder, dataset);
  await mkdir(folder);
  for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content);
  const argv = ["upload", folder, "--type", "raw", "--provider", "hub", "--dataset", dataset, ...flags];
  const { exit, stderr } = await runProgram(world, argv);
  expect([exit, stderr]).toEqual([0, expect.anything()]);
}

beforeAll(async () => {
  world = await makeWorld();
  view = join(world.folder, "view.yaml");
  await writeFile(view, VIEW);
  const pages: Record<string, Uint8Array | string> = {};
  for (let at = 0; at < 4; at++) {
    pages[`쪽${at}.jpg`] = await makeImage(at);
    // The last page has none.
    if (at < 3) pages[`쪽${at}.json`] = JSON.stringify({ words: WORDS });
  }
  await upload("영수증", pages);
  await upload("빈책", { "a.jpg": await makeImage(9) });
  const text = "BT /F 20 Tf 50 400 Td (Contract) Tj ET";
  await upload("계약서", { "a.pdf": pdfOf([{ content: text, resources: FONTS }]) }, "--text-layer");
  await upload("표", {
    "a.jpg": await makeImage(11),
    "metadata.jsonl": JSON.stringify({ file_name: "a.jpg", words: WORDS }),
  });
  const objects = { bbox: [[14, 9, 20, 14]], category: [1] };
  await upload("목록", {
    "a.jpg": await makeImage(13),
    "metadata.jsonl": JSON.stringify({ file_name: "a.jpg", objects }),
  });
  const asked = { file_name: "a.jpg", questionId: 1, question: "얼마?", answers: ["3"] };
  await upload("질문", { "a.jpg": await makeImage(12), "metadata.jsonl": JSON.stringify(asked) });
  const { exit, stderr } = await runProgram(world, ["process", "start", "--wait"]);
  expect([exit, stderr]).toEqual([0, expect.anything()]);
  server = await startServe(world);
});

afterAll(async () => {
  await server.stop("SIGKILL");
  await rm(world.folder, { recursive: true, force: true });
});

const here = (...argv: string[]) => run([...argv, "--lake", world.lake.root], { env: world.env });

/** The same through a server, with its own times. */
async function both(...argv: string[]) {
  const quiet = [...argv, "--quiet"]; // progress shows where a machine is slow
  const there = await run([...quiet, "--server", server.url]);
  const local = await here(...quiet);
  const timeless = ({ exit, stdout, stderr }: typeof local) => [
    exit,
    stdout.replaceAll(/"duration_ms": ?\d+/g, "").replaceAll(/ in [\d.]+ ?m?s/g, ""),
    stderr,
  ];
  expect(timeless(there)).toEqual(timeless(local));
  return local;
}

describe("a view of pages", () => {
  const edit = ["config", "task", "edit", "raw"];

  test("is kept for a partition, checked, and taken away without a trace", async () => {
    const before = (await both("config", "task", "list", "--json")).stdout;
    await here(...edit, "--view", view, "--partition", "hub/영수증/image");
    const { exit, stdout } = await both("view", "check", "--json");
    expect(exit).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ partitions: 1, rows: 4, labels: 3, fitting: 3, regions: 3 });
    // Of columns that are not named for labels nobody knows without reading them.
    expect(JSON.parse(stdout).without_view).toEqual(["hub/계약서/raw/image"]);
    const text = (await both("view", "check", "--dataset", "영수증")).stdout;
    expect(text).toContain("3 of 3 labels fit, 3 regions, 1 row without a label");
    await run([...edit, "--view", "none", "--partition", "hub/영수증/image", "--server", server.url]);
    expect((await both("config", "task", "list", "--json")).stdout).toBe(before);
  });

  test("that nobody has given is asked for, with the commands that find and keep it", async () => {
    const { exit, stderr } = await both("view", "check", "--dataset", "영수증");
    expect(exit).toBe(4);
    expect(stderr).toContain("view detect --task raw --provider hub --dataset 영수증 --variant image");
    expect(stderr).toContain("config task edit raw --view view.yaml --partition hub/영수증/image");
  });

  test("that looks where no row has a label is no check that went well", async () => {
    const check = ["view", "check", "--dataset", "계약서", "--view"];
    const { exit, stdout } = await both(...check, view);
    expect(exit).toBe(3);
    expect(stdout).toContain("No row of hub/계약서/raw/image has a label in the column label");
    expect(await both(...check, "text-layer")).toMatchObject({ exit: 0 });
  });
});

const FORMATS = EXPORT_FORMATS.filter(
  (format) => "openSamples" in format && !("lacking" in format && format.lacking),
);

/** The same into two folders, by the folder and by the server; gives the counts of the manifest too, if there is one. */
async function download(dataset: string, ...argv: string[]) {
  const outcomes = [];
  for (const door of [
    ["--lake", world.lake.root],
    ["--server", server.url],
  ]) {
    const output = join(world.folder, "output");
    const download = ["download", "--dataset", dataset, "--output", output, "--quiet", ...argv, ...door];
    const { exit, stdout, stderr } = await run(download, { env: world.env });
    const manifest = Bun.file(join(output, ".datalake", "manifest.json"));
    const samples = (await manifest.exists()) ? (await manifest.json()).samples : undefined;
    await rm(output, { recursive: true, force: true });
    outcomes.push({ exit, text: `${stdout}${stderr}`, samples });
  }
  expect(outcomes[1]).toEqual(outcomes[0]);
  return outcomes[0] as { exit: number; text: string; samples?: SampleCounts };
}

describe("pages with labels and no view", () => {
  test.each(FORMATS.map(({ name }) => name))("are refused as %s, with what to do", async (format) => {
    const { exit, text, samples } = await download("영수증", "--format", format);
    expect([exit, samples]).toEqual([2, undefined]);
    expect(text).toContain("hub/영수증/raw/image have labels in the column label, but no view");
    expect(text).toContain("view detect --task raw --provider hub --dataset 영수증 --variant image");
    expect(text).toContain("config task edit raw --view view.yaml --partition hub/영수증/image");
  });

  test("are found in the text layer, and in other columns that can be read", async () => {
    expect((await download("계약서", "--format", "coco")).text).toContain("in the column text_layer");
    expect((await download("표", "--format", "coco")).text).toContain("in the column words");
    const lists = (await download("목록", "--format", "coco")).text;
    expect(lists).toContain("of a kind that views do not read: the lists category, bbox run side by side");
    expect((await download("질문", "--format", "coco")).text).toContain("in their columns");
  });

  test("are written alone where that is asked for; so are pages without labels", async () => {
    const alone = await download("영수증", "--format", "coco", "--view", "none");
    expect(alone).toMatchObject({ exit: 0, samples: { pages: 4, regions: 0, dropped: {} } });
    const bare = await download("빈책", "--format", "webdataset");
    expect(bare).toMatchObject({ exit: 0, samples: { pages: 1, unlabelled: 1, is_bare: false, notes: [] } });
  });

  test("are counted beside those that have one", async () => {
    const keep = ["config", "task", "edit", "raw", "--partition", "hub/계약서/image", "--view"];
    await here(...keep, "text-layer");
    const { exit, text, samples } = await download("영수증", "--dataset", "계약서", "--format", "coco");
    await here(...keep, "none");
    expect(exit).toBe(0);
    expect(samples).toMatchObject({ pages: 5, labels: 1, regions: 1, unlabelled: 1 });
    expect(samples?.dropped).toMatchObject({ "no view says what the label means": { labels: 3 } });
    expect(text).toContain("left out: 3 labels: no view says what the label means");
  });
});

test("labels that a view of all pages does not look at are counted, and are no success alone", async () => {
  const keep = ["config", "task", "edit", "raw", "--view"];
  await here(...keep, "text-layer");
  const alone = await download("영수증", "--format", "coco");
  const beside = await download("영수증", "--dataset", "계약서", "--format", "coco");
  await here(...keep, "none");
  const reason = "the label is in the column label, where the view does not look";
  expect(alone).toMatchObject({ exit: 3, samples: { pages: 4, labels: 0, unlabelled: 1, is_bare: true } });
  expect(alone.text).toContain(`left out: 3 labels: ${reason}`);
  expect(beside).toMatchObject({ exit: 0, samples: { pages: 5, labels: 1, regions: 1, unlabelled: 1 } });
  expect(beside.samples?.dropped).toMatchObject({ [reason]: { labels: 3 } });
});

describe("a view that does not fit", () => {
  test("any label leaves pages alone, and exits with 3", async () => {
    const { exit, text, samples } = await download("영수증", "--format", "coco", "--view", "cord");
    expect(exit).toBe(3);
    expect(samples).toMatchObject({ pages: 4, labels: 0, is_bare: true, unlabelled: 1 });
    expect(Object.values(samples?.dropped ?? {})).toMatchObject([{ labels: 3 }]);
    expect(text).toContain("left out: 3 labels");
    const asJson = await download("영수증", "--format", "coco", "--view", "cord", "--json");
    expect([asJson.exit, JSON.parse(asJson.text).samples]).toEqual([3, samples]);
  });

  test("is told where no row has a label in its column", async () => {
    const { exit, text } = await download("계약서", "--format", "coco", "--view", view);
    expect(exit).toBe(3);
    expect(text).toContain("none of 1 row has a label where the view looks");
  });
});

test("statistics count pages whose labels nobody reads", async () => {
  const count = async (query: string) => {
    const { rows, rows_without_view: unread } = (await (
      await fetch(`${server.url}/statistics?${query}`)
    ).json()) as StatisticsDocument;
    return [rows, unread];
  };
  expect(await count("datasets=영수증")).toEqual([4, 3]);
  expect(await count("datasets=계약서")).toEqual([1, 1]);
  expect(await count("datasets=빈책")).toEqual([1, 0]);
  expect(await count("datasets=영수증&datasets=계약서")).toEqual([5, 4]);
  expect(await count("datasets=영수증&text=쪽0")).toEqual([1, 1]);
  expect(await count("datasets=영수증&text=쪽3")).toEqual([1, 0]);
  // Every page there has one.
  expect(await count("datasets=계약서&where=width=1..100000")).toEqual([1, 1]);
  expect(await count("datasets=계약서&where=width=1..2")).toEqual([0, 0]);
  const keep = ["config", "task", "edit", "raw", "--partition", "hub/영수증/image", "--view"];
  await here(...keep, view);
  expect(await count("datasets=영수증")).toEqual([4, 0]);
  await here(...keep, "none");
});

test("an export that the page asks for says what is in it and what is not", async () => {
  const exports = `${server.url}/exports`;
  const ask = async (url: string, init?: RequestInit) =>
    (await (await fetch(url, init)).json()) as ExportState;
  const body = JSON.stringify({ datasets: ["영수증"], format: "yolo", samples: { view: "cord" } });
  const headers = { "content-type": "application/json" };
  const { export_id: id } = await ask(exports, { method: "POST", headers, body });
  await until(async () => (await ask(`${exports}/${id}`)).status === "completed");
  const { notes } = (await ask(`${exports}/${id}`)).result ?? {};
  expect(notes?.[0]).toBe("4 pages, 0 regions");
  expect(notes?.[1]).toStartWith("left out: 3 labels: the label has nothing where the view looks");
  expect(notes).toContain("note: nothing of what the labels say is in the output");
  await fetch(`${exports}/${id}`, { method: "DELETE" });
});
