/** Every format counts what labels hold: what is in the output, read back, and what was dropped are what the rows have. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import sharp from "sharp";
import { describeSamples } from "../../src/export/samples/describe-counts.ts";
import {
  hasLance,
  readCoco,
  readLabelStudio,
  readLance,
  readLlamaFactory,
  readMds,
  readMessages,
  readMsSwift,
  readPaddle,
  readTokens,
  readWebdataset,
  readYolo,
} from "./read-back.ts";
import { makeKit, type PageRow } from "./samples-kit.ts";

setDefaultTimeout(120_000);

let kit: Awaited<ReturnType<typeof makeKit>>;
let rows: PageRow[];

const VIEW = {
  items: "$.items",
  box: "box",
  form: "xyxy",
  text: "text",
  category: "kind",
  questions: { items: "$.asked", question: "q", answers: "a" },
} as const;

const read = { box: [10, 10, 50, 30], text: "가", kind: "글" };
/** Nine regions, three of which cannot be placed, and three questions, one of which cannot be read. */
const LABELS: unknown[] = [
  { items: [read, { ...read, box: [60, 10, 90, 30] }], asked: [] },
  // A box is missing, one is none, one lies outside of the page, one reaches beyond it.
  {
    items: [
      read,
      { text: "나" },
      { ...read, box: "?" },
      { ...read, box: [300, 0, 310, 9] },
      { ...read, box: [60, 60, 250, 90] },
    ],
    asked: [],
  },
  // Regions without texts, one without a category.
  { items: [{ box: [10, 10, 50, 30] }, { box: [10, 50, 50, 80], kind: "글" }], asked: [] },
  { items: [], asked: [] },
  { items: [], asked: [{ q: "?", a: ["[]", "!"] }, { q: "?", a: [] }, { q: 7 }] },
  { other: 1 },
  "no JSON",
  "",
];

beforeAll(async () => {
  kit = await makeKit();
  rows = await Promise.all(
    LABELS.map(async (label, at) => {
      const image = sharp({
        create: { width: 200, height: 100, channels: 3, background: { r: at * 30, g: 9, b: 9 } },
      });
      return {
        bytes: await image.jpeg().toBuffer(),
        width: 200,
        height: 100,
        sourceName: `쪽 ${at}.jpg`,
        label,
      };
    }),
  );
});

afterAll(() => rm(kit.folder, { recursive: true, force: true }));

const SIZES = () => ({ width: 200, height: 100 });
/** Regions of an output. */
const FORMATS: Record<string, (folder: string) => Promise<number>> = {
  coco: async (folder) => count(await readCoco(folder)),
  yolo: async (folder) => count(await readYolo(folder, SIZES)),
  "ms-swift": async (folder) => count(await readMsSwift(folder, SIZES)),
  "llama-factory": async (folder) => count(await readLlamaFactory(folder, SIZES)),
  messages: async (folder) => count(await readMessages(folder, SIZES)),
  "label-studio": async (folder) => count(await readLabelStudio(folder, SIZES)),
  paddleocr: async (folder) => count(await readPaddle(folder)),
  webdataset: async (folder) => count(await readWebdataset(folder)),
  mds: async (folder) => count(await readMds(folder)),
  "token-classification": async (folder) => count(await readTokens(folder, SIZES)),
  donut: readDonut,
  ...(hasLance && { lance: async (folder) => count(await readLance(folder)) }),
};

function count(pages: readonly { regions: readonly unknown[] }[]): number {
  return pages.reduce((sum, { regions }) => sum + regions.length, 0);
}

async function readDonut(folder: string): Promise<number> {
  const lines = (await readFile(join(folder, "train", "metadata.jsonl"), "utf8")).trim().split("\n");
  const truths = lines.map((line) => JSON.parse(JSON.parse(line).ground_truth).gt_parse);
  return truths.reduce((sum, { items = [] }) => sum + items.length, 0);
}

describe.each(Object.keys(FORMATS))("%s", (format) => {
  test("has in its output what is not among what was dropped", async () => {
    const { output, samples } = await kit.run(format, rows, VIEW);
    const dropped = (unit: "labels" | "pages" | "regions" | "questions" | "samples") =>
      Object.values(samples.dropped).reduce((sum, what) => sum + what[unit], 0);
    expect(samples.labels + dropped("labels") + samples.unlabelled).toBe(8);
    expect([samples.labels, samples.unfit_labels, samples.unlabelled]).toEqual([5, 2, 1]);
    expect(samples.samples + dropped("samples")).toBe(8);
    expect(samples.pages + dropped("pages")).toBe(8);
    expect(samples.regions + dropped("regions")).toBe(9);
    expect(samples.questions + dropped("questions")).toBe(3);
    const lost = Object.values(samples.dropped).reduce((sum, { characters }) => sum + characters, 0);
    expect(samples.characters + lost).toBe(7);
    expect(await FORMATS[format]?.(output)).toBe(samples.regions);
    expect(samples.is_bare).toBe(false);
  });
});

describe("pages with labels in several rows", () => {
  const ofVariant = (variant: string) => rows.slice(0, 4).map((row) => ({ ...row, variant }));
  const notesOf = (notes: readonly string[]) => notes.filter((note) => note.includes("in several rows"));

  test.each(Object.keys(FORMATS))("are told by %s: of one variant twice", async (format) => {
    const { samples } = await kit.run(format, [...ofVariant("v"), ...ofVariant("v")], VIEW);
    expect(notesOf(samples.notes)).toEqual([
      "3 pages with labels in several rows (of p/d/ocr/v), all of which are read; to have one row a page, upload the labels with --mode replace",
    ]);
    const distinct = format === "paddleocr" ? 3 : 4; // it has no pages without boxes
    expect([samples.pages, samples.distinct_pages]).toEqual([distinct * 2, distinct]);
    expect(describeSamples(samples)[0]).toStartWith(`${distinct} pages (${distinct * 2} over all rows), `);
  });

  test.each(Object.keys(FORMATS))("are told by %s: of two variants", async (format) => {
    const { samples } = await kit.run(format, [...ofVariant("v1"), ...ofVariant("v2")], VIEW);
    expect(notesOf(samples.notes)).toEqual([
      "3 pages with labels in several rows (of 2 partitions), all of which are read; choose one with --variant",
    ]);
  });

  test("are not those that a row without labels shares", async () => {
    const bare = ofVariant("v1").map((row) => ({ ...row, label: "" }));
    const { samples } = await kit.run("coco", [...bare, ...ofVariant("v2")], VIEW);
    expect(notesOf(samples.notes)).toEqual([]);
    expect([samples.pages, samples.distinct_pages]).toEqual([8, 4]);
  });
});

test("what a format says in place of what is lacking is told", async () => {
  const changed = async (format: string, wishes = {}) =>
    (await kit.run(format, rows, VIEW, { wishes })).samples.changed;
  expect(await changed("paddleocr")).toMatchObject({
    "regions without a text, as ###, on which PaddleOCR does not train": 2,
  });
  expect(await changed("donut")).toMatchObject({
    "regions without a text, as an empty one": 2,
    "questions with several answers, of which the first is said": 1,
  });
  const prompt = { user: "?", answer: "layout" } as const;
  expect(await changed("donut", { prompt })).toMatchObject({
    "regions without a category, as empty items": 1,
  });
  const plain = rows.map((row) => ({ ...row, label: { items: [{ ...read, kind: null }], asked: [] } }));
  const { samples } = await kit.run("token-classification", plain, VIEW);
  expect(samples.notes).toEqual([expect.stringContaining("every tag is O")]);
});
