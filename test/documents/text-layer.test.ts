import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import type { TextLayer } from "../../src/documents/text-layer.ts";
import { BATANG, NOTO_SANS_KR, show } from "./korean.ts";
import { startReader } from "./reader.ts";
import { samplesOf } from "./samples.ts";
import { GREY, HEIGHT, imageObject, scanJpeg, WIDTH } from "./scans.ts";
import { pdfOf } from "./write-pdf.ts";

const { folder, page } = startReader();
const FONTS = `/Font<</K ${BATANG}/F<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>>>`;
const WORDS = ["대한민국", "문서", "인식", "계약서", "제삼조"];
const CONTENT = [
  show("대한민국 문서", { x: 120, y: 520 }),
  show("인식", { x: 250, y: 400, size: 40 }),
  show("계약서", { x: 110, y: 220 }),
  show("제삼조", { x: 200, y: 300, size: 12 }),
].join(" ");

async function layerOf(bytes: Uint8Array, more: object = {}) {
  const output = join(folder, "page");
  const result = await page(bytes, { text: true, font: NOTO_SANS_KR, output, ...more });
  if (!result.ok) throw new Error(result.reason);
  return { result, output, layer: result.text === null ? null : (JSON.parse(result.text) as TextLayer) };
}

describe("the words of a page and their boxes", () => {
  for (const [rotate, width, height] of [
    [0, 600, 1000],
    [90, 1000, 600],
    [180, 600, 1000],
    [270, 1000, 600],
  ] as const) {
    test(`lie on the ink, cropped and turned by ${rotate}`, async () => {
      const entries = `/CropBox[100 150 400 650]/Rotate ${rotate}`;
      const { layer, output } = await layerOf(pdfOf([{ content: CONTENT, entries, resources: FONTS }]), {
        dpi: 144,
      });
      expect(layer).toMatchObject({ kind: "visible", width, height });
      expect(layer?.words.map(({ text }) => text).sort()).toEqual([...WORDS].sort());
      expect(layer?.text.split(/[ \n]/)).toEqual(layer?.words.map(({ text }) => text));
      const { data, width: across } = await samplesOf(output);
      const boxes = (layer?.words ?? []).map(({ bbox }) => ({ bbox, ink: 0 }));
      let astray = 0;
      for (const [index, sample] of data.entries()) {
        if (sample > 100) continue;
        const [x, y] = [(index % across) + 0.5, Math.floor(index / across) + 0.5];
        const box = boxes.find(
          ({ bbox: [x0, y0, x1, y1] }) => x > x0 - 1 && x < x1 + 1 && y > y0 - 1 && y < y1 + 1,
        );
        if (box) box.ink += 1;
        else astray += 1;
      }
      expect(astray).toBe(0);
      expect(boxes.every(({ ink }) => ink > 50)).toBe(true);
    });
  }

  test("of OCR over a scan are in pixels of the image, and invisible", async () => {
    const image = imageObject(await scanJpeg(1), "/DCTDecode", GREY);
    const content = "q 595 0 0 842 0 0 cm /I Do Q BT /F 10 Tf 3 Tr 1 0 0 1 59.5 421 Tm (scanned words) Tj ET";
    const resources = `/XObject<</I @0>>${FONTS}`;
    const { result, layer } = await layerOf(pdfOf([{ content, resources }], [image]));
    expect(result).toMatchObject({ source: "image", format: "jpeg" });
    expect(layer).toMatchObject({ kind: "invisible", width: WIDTH, height: HEIGHT });
    expect(layer?.words.map(({ text }) => text)).toEqual(["scanned", "words"]);
    const [x0 = 0, , , y1 = 0] = layer?.words[0]?.bbox ?? [];
    expect(Math.abs(x0 - WIDTH * 0.1)).toBeLessThan(4);
    expect(Math.abs(y1 - HEIGHT / 2)).toBeLessThan(4);
  });

  test("that are partly seen are mixed; those outside of the page are left out", async () => {
    const hidden = "BT /F 10 Tf 3 Tr 1 0 0 1 50 50 Tm (hidden) Tj ET";
    const outside = "BT /F 10 Tf 1 0 0 1 50 -50 Tm (outside) Tj ET";
    const content = `${show("보임", { x: 50, y: 100 })} ${hidden} 0 Tr ${outside}`;
    const { layer } = await layerOf(pdfOf([{ content, resources: FONTS }]));
    expect(layer?.kind).toBe("mixed");
    expect(layer?.words.map(({ text }) => text).sort()).toEqual(["hidden", "보임"]);
  });

  test("are there without the image, and are none on a page without text", async () => {
    const words = await layerOf(pdfOf([{ content: CONTENT, resources: FONTS }]), { image: false });
    expect(words.result).toMatchObject({ source: null, bytes: 0 });
    expect(words.layer?.words).toHaveLength(WORDS.length);
    expect((await layerOf(pdfOf([{ content: "0 0 9 9 re f" }]))).layer).toBeNull();
  });
});
