/** What a label says of a page comes back from every training format: same regions to half a pixel, and counts that add up. */

import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { rm } from "node:fs/promises";
import fc from "fast-check";
import sharp from "sharp";
import { SKIPPED_TEXTS } from "../../src/schema/labels/view.ts";
import { sha256 } from "../jobs/staging-kit.ts";
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
  type SeenPage,
  type Sizes,
} from "./read-back.ts";
import { makeKit, type PageRow } from "./samples-kit.ts";

setDefaultTimeout(120_000);

let kit: Awaited<ReturnType<typeof makeKit>>;
let images: Buffer[];

beforeAll(async () => {
  kit = await makeKit();
  const image = (value: number) =>
    sharp({ create: { width: 1300, height: 900, channels: 3, background: { r: value, g: 9, b: 9 } } });
  images = await Promise.all([10, 90, 200].map((value) => image(value).jpeg({ quality: 20 }).toBuffer()));
});

afterAll(() => rm(kit.folder, { recursive: true, force: true }));

const UNITS = { px: undefined, 1: 1, 100: 100, 1000: 1000 } as const;
type Unit = keyof typeof UNITS;
type Form = "xyxy" | "xywh" | "cxcywh" | "poly";

/** In pixels; some reach beyond their page. */
interface Drawn {
  box: [x1: number, y1: number, x2: number, y2: number];
  text: string | null;
  category: string | null;
}

const texts = fc.oneof(
  fc.constantFrom("계약서 제1조", "<image> 표", '"따옴표"\\', "<bbox>", "a\tb", "줄\n바꿈", "<|im_end|>"),
  fc
    .string({ minLength: 1, maxLength: 12 })
    .filter((text) => text.trim() !== "" && !SKIPPED_TEXTS.includes(text)),
);
const drawn: fc.Arbitrary<Drawn> = fc
  .tuple(
    fc.double({ min: -0.05, max: 0.95, noNaN: true }),
    fc.double({ min: -0.05, max: 0.95, noNaN: true }),
    fc.double({ min: 0.003, max: 1, noNaN: true }),
    fc.double({ min: 0.003, max: 1, noNaN: true }),
    fc.option(texts),
    fc.option(fc.constantFrom("title", "표/그림", "a b")),
  )
  .map(([x, y, w, h, text, category]) => ({
    box: [x * 1300, y * 900, (x + w) * 1300, (y + h) * 900],
    text,
    category,
  }));
const pages = fc.array(fc.array(drawn, { maxLength: 6 }), { minLength: 1, maxLength: 3 });

function numbersOf([x1, y1, x2, y2]: Drawn["box"], form: Form, unit: Unit): unknown {
  const scale = (value: number, side: number) => (unit === "px" ? value : (value / side) * Number(unit));
  const [a, b, c, d] = [scale(x1, 1300), scale(y1, 900), scale(x2, 1300), scale(y2, 900)];
  if (form === "xyxy") return [a, b, c, d];
  if (form === "xywh") return [a, b, c - a, d - b];
  if (form === "cxcywh") return [(a + c) / 2, (b + d) / 2, c - a, d - b];
  return [
    [a, b],
    [c, b],
    [c, d],
    [a, d],
  ];
}

const clamp = (value: number, most: number) => Math.min(Math.max(value, 0), most);
const clipped = ([x1, y1, x2, y2]: Drawn["box"]) => [
  clamp(x1, 1300),
  clamp(y1, 900),
  clamp(x2, 1300),
  clamp(y2, 900),
];
const isThere = ({ box }: Drawn) => {
  const [x1 = 0, y1 = 0, x2 = 0, y2 = 0] = clipped(box);
  return x1 < x2 && y1 < y2;
};

const SIZES: Sizes = () => ({ width: 1300, height: 900 });
interface Reader {
  read(folder: string): Promise<SeenPage[]>;
  /** What a format has no place for. */
  lacks?: ("text" | "category")[];
  /** Pixels that its rounding may cost. */
  within?: number;
  isOnce?: boolean;
  needsBoxes?: boolean;
}
const FORMATS: Record<string, Reader> = {
  coco: { read: readCoco },
  yolo: { read: (folder) => readYolo(folder, SIZES), lacks: ["text"], isOnce: true },
  "ms-swift": { read: (folder) => readMsSwift(folder, SIZES) },
  // Thousandths of the page.
  "llama-factory": { read: (folder) => readLlamaFactory(folder, SIZES), within: 1300 / 2000 + 0.01 },
  messages: { read: (folder) => readMessages(folder, SIZES), within: 1300 / 2000 + 0.01 },
  "label-studio": { read: (folder) => readLabelStudio(folder, SIZES) },
  paddleocr: { read: readPaddle, lacks: ["category"], needsBoxes: true },
  webdataset: { read: readWebdataset },
  mds: { read: readMds },
  ...(hasLance && { lance: { read: readLance } }),
};

/**
 * No format tells the lack of a text from an empty one, some give a category of their own; to a view some texts mean that
 * there is none.
 */
const textOf = (text: string | null | undefined) => text ?? "";
const categoryOf = (category: string | null | undefined) => category || "region";

describe.each(Object.keys(FORMATS))("%s", (name) => {
  const format = FORMATS[name] as Reader;

  test("gives every region back", async () => {
    const units = fc.constantFrom<Unit>("px", 1, 100, 1000);
    const forms = fc.constantFrom<Form>("xyxy", "xywh", "cxcywh", "poly");
    await fc.assert(
      fc.asyncProperty(pages, units, forms, async (given, unit, form) => {
        const rows = given.map(
          (regions, at): PageRow => ({
            bytes: images[at] as Buffer,
            width: 1300,
            height: 900,
            sourceName: `쪽 ${at}.v1.jpg`,
            label: {
              items: regions.map(({ box, text, category }) => ({
                box: numbersOf(box, form, unit),
                text,
                category,
              })),
            },
          }),
        );
        const view = { items: "$.items", box: "box", form, unit, text: "text", category: "category" };
        const { output, samples } = await kit.run(name, rows, view, {
          images: name === "coco" ? "reference" : "embed",
        });
        const seen = new Map((await format.read(output)).map(({ page, regions }) => [page, regions]));
        let count = 0;
        for (const [at, regions] of given.entries()) {
          const row = rows[at] as PageRow;
          const found = seen.get(sha256(row.bytes).slice(0, 12)) ?? seen.get(row.sourceName) ?? [];
          const wanted = regions.filter(isThere);
          if (format.isOnce) expect(found.length).toBeLessThanOrEqual(wanted.length);
          else expect(found).toHaveLength(wanted.length);
          count += found.length;
          if (found.length !== wanted.length) continue;
          for (const [index, { box, text, category }] of wanted.entries()) {
            const other = found[index];
            for (const [side, value] of clipped(box).entries())
              expect(Math.abs((other?.box[side] ?? Number.NaN) - value)).toBeLessThanOrEqual(
                format.within ?? 0.5,
              );
            if (!format.lacks?.includes("text")) expect(textOf(other?.text)).toBe(textOf(text));
            if (!format.lacks?.includes("category"))
              expect(categoryOf(other?.category)).toBe(categoryOf(category));
          }
        }
        const all = given.flat();
        const dropped = Object.values(samples.dropped).reduce((sum, { regions }) => sum + regions, 0);
        expect(samples.regions).toBe(count);
        expect(samples.regions + dropped).toBe(all.length);
        const lost = Object.values(samples.dropped).reduce((sum, { characters }) => sum + characters, 0);
        const letters = all.reduce((sum, { text }) => sum + Array.from(text ?? "").length, 0);
        expect(samples.characters + lost).toBe(letters);
      }),
      { numRuns: 25 },
    );
  });
});

test("token classification gives every word back, with the box and the tags of its region", async () => {
  await fc.assert(
    fc.asyncProperty(pages, async (given) => {
      const rows = given.map(
        (regions, at): PageRow => ({
          ...{ bytes: images[at] as Buffer, width: 1300, height: 900, sourceName: `쪽 ${at}.v1.jpg` },
          label: { items: regions },
        }),
      );
      const view = {
        items: "$.items",
        box: "box",
        form: "xyxy",
        text: "text",
        category: "category",
      } as const;
      const { output, samples } = await kit.run("token-classification", rows, view);
      const seen = new Map((await readTokens(output, SIZES)).map(({ page, regions }) => [page, regions]));
      for (const [at, regions] of given.entries()) {
        const words = regions.filter(isThere).flatMap(({ box, text, category }) =>
          (text ?? "")
            .split(/\s+/u)
            .filter((word) => word !== "")
            .map((word, place) => ({
              box: clipped(box),
              text: word,
              category: category === null ? "O" : `${place === 0 ? "B" : "I"}-${category}`,
            })),
        );
        const found = seen.get(`쪽 ${at}.v1.jpg`) ?? [];
        expect(found.map(({ text, category }) => [text, category])).toEqual(
          words.map(({ text, category }) => [text, category]),
        );
        for (const [index, { box }] of words.entries())
          for (const [side, value] of box.entries())
            expect(Math.abs((found[index]?.box[side] ?? Number.NaN) - value)).toBeLessThanOrEqual(0.66);
      }
      const dropped = Object.values(samples.dropped).reduce((sum, { regions }) => sum + regions, 0);
      expect(samples.regions + dropped).toBe(given.flat().length);
    }),
    { numRuns: 25 },
  );
});
