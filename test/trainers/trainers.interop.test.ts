/** Training formats, loaded by the trainers' own packages: those that need no torch. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { pythonLines } from "../../src/web/screens/take/python-lines.ts";
import { pythonOf } from "../interop/python.ts";
import { expectPages } from "./expect-pages.ts";
import { type ExpectedPage, loadAll, makeTrainerLake, type Seen } from "./kit.ts";

setDefaultTimeout(600_000); // Paddle and transformers are slow to start

/** `mds` last: it puts a stand-in in the place of torch. */
const FORMATS = [
  "coco",
  "webdataset",
  "label-studio",
  "donut",
  "token-classification",
  "paddleocr",
  "lance",
  "mds",
] as const;

/** Whose lines in the page need neither torch nor a model. */
const WITH_LINES = [
  ...["coco", "webdataset", "label-studio", "donut", "token-classification", "paddleocr", "lance"],
  ...["ms-swift", "llama-factory", "messages"],
] as const;

let lake: Awaited<ReturnType<typeof makeTrainerLake>>;
let expected: ExpectedPage[];
let seen: Seen;
const outputs: Record<string, string> = {};

beforeAll(async () => {
  lake = await makeTrainerLake();
  expected = await lake.expected();
  for (const format of FORMATS) outputs[format] = (await lake.download(format)).output;
  seen = await loadAll("trainers", outputs);
});

afterAll(async () => {
  lake.client.close();
  await rm(lake.folder, { recursive: true, force: true });
});

test.each(FORMATS)("%s loads without a remark", (format) => {
  expect(seen[format]?.problems).toEqual([]);
});

test.each(["coco", "webdataset", "label-studio", "lance", "mds"] as const)(
  "%s has the pages of the rows",
  (format) => {
    expectPages(seen[format]?.pages ?? [], expected);
  },
);

test("donut has the texts and categories of each page", () => {
  expectPages(seen.donut?.pages ?? [], expected, { inOrder: true });
});

test("token classification has the words of each page, with the boxes and tags of their regions", () => {
  const words = expected.map(({ texts, boxes, categories, ...page }) => {
    const split = texts.flatMap((text, region) =>
      text
        .split(/\s+/)
        .filter((word) => word !== "")
        .map((word, at) => ({
          word,
          box: boxes[region],
          tag: `${at === 0 ? "B" : "I"}-${categories[region]}`,
        })),
    );
    return {
      ...page,
      texts: split.map(({ word }) => word),
      boxes: split.map(({ box }) => box) as ExpectedPage["boxes"],
      categories: split.map(({ tag }) => tag),
    };
  });
  expectPages(seen["token-classification"]?.pages ?? [], words, { within: 0.001 });
});

test("PaddleOCR has every page with boxes, and every text to read", () => {
  const withBoxes = expected.filter(({ boxes }) => boxes.length > 0);
  expectPages(seen.paddleocr?.pages ?? [], withBoxes);
  const texts = withBoxes.flatMap(({ texts }) => texts).filter((text) => text !== "");
  expect(seen.paddleocr?.read).toEqual(texts);
});

test("the lines in Python that the page gives open each", async () => {
  for (const format of WITH_LINES) {
    const output = outputs[format] ?? (await lake.download(format)).output;
    const lines = pythonLines(format, output);
    const child = Bun.spawn([pythonOf("trainers"), "-c", lines], {
      ...{ stdout: "pipe", stderr: "pipe" },
      env: { ...process.env, HF_HUB_OFFLINE: "1", HF_HOME: join(lake.folder, "hf") },
    });
    const [said, problem] = await Promise.all([
      new Response(child.stdout).text(),
      new Response(child.stderr).text(),
    ]);
    expect({ format, exit: await child.exited, problem }).toMatchObject({ format, exit: 0 });
    expect(said).not.toBe("");
  }
});
