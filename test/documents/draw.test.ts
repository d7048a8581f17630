import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { codeOf } from "../code-of.ts";
import { startReader } from "./reader.ts";
import { samplesOf } from "./samples.ts";
import { pdfOf } from "./write-pdf.ts";

const { reader, folder, file, page } = startReader();

describe("a page without an image of its own", () => {
  test("is drawn at the resolution asked for, grey where it is grey", async () => {
    const output = join(folder, "black.png");
    const result = await page(pdfOf([{ content: "0 g 0 421 297.5 421 re f" }]), { dpi: 144, output });
    expect(result).toMatchObject({
      ok: true,
      source: "drawn",
      format: "png",
      width: 1190,
      height: 1684,
      dpi: 144,
    });
    const { at, channels, density } = await samplesOf(output);
    expect([at(100, 100), at(1000, 100), at(100, 1600)]).toEqual([[0], [255], [255]]);
    expect({ channels, density }).toEqual({ channels: 1, density: 144 });
  });

  test("keeps its colours", async () => {
    const output = join(folder, "red.png");
    await page(pdfOf([{ content: "1 0 0 rg 0 421 595 421 re f 0 0 1 rg 0 0 595 421 re f" }]), { output });
    const { at } = await samplesOf(output);
    expect([at(10, 10), at(10, 800)]).toEqual([
      [255, 0, 0],
      [0, 0, 255],
    ]);
  });

  test("is turned and cropped as a reader shows it", async () => {
    const output = join(folder, "turned.png");
    const content = "0 g 100 200 50 50 re f"; // at the lower left of the crop
    const entries = "/CropBox[100 200 300 600]/Rotate 90";
    const result = await page(pdfOf([{ content, entries }]), { output });
    expect(result).toMatchObject({ width: 400, height: 200 });
    const { at } = await samplesOf(output);
    expect([at(25, 25), at(75, 25), at(25, 175)]).toEqual([[0], [255], [255]]);
  });
});

test("pages that are asked for at once come each to its own file", async () => {
  const greys = Array.from({ length: 60 }, (_, index) => index * 4);
  const path = file(
    pdfOf(greys.map((grey) => ({ content: `${grey / 255} g 0 0 20 20 re f`, box: [0, 0, 20, 20] }))),
  );
  expect(await reader.describe(path, { passwords: [] })).toEqual({
    kind: "pdf",
    pages: 60,
    encrypted: false,
    copyForbidden: false,
    notices: [],
  });
  const found = await Promise.all(
    greys.map(async (_, index) => {
      const output = join(folder, `grey-${index}`);
      await page(path, { page: index + 1, output });
      return (await samplesOf(output)).at(10, 10)[0];
    }),
  );
  expect(found).toEqual(greys);
});

test("a page that the document does not have is refused", async () => {
  const result = await page(pdfOf([{ content: "" }]), { page: 2 });
  expect(result).toEqual({ ok: false, reason: "page 2 is none of the document's 1" });
});

test("what is no PDF is refused as a whole, and so is a file that is not there", async () => {
  for (const bytes of [Buffer.from(""), Buffer.from("%PDF-1.4\nnothing"), Buffer.from("GIF89a"), pdfOf([])]) {
    expect(await codeOf(reader.describe(file(bytes), { passwords: [] }))).toBe("invalid_input");
    expect(await codeOf(page(bytes))).toBe("invalid_input");
  }
  expect(await codeOf(reader.describe(join(folder, "none.pdf"), { passwords: [] }))).toBe("not_found");
});
