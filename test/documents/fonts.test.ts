import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import {
  chooseFont,
  findKoreanFonts,
  fontFolders,
  readInstalled,
} from "../../src/documents/fonts/system-fonts.ts";
import { codeOf } from "../code-of.ts";
import { absentFont, BATANG, NOTO_SANS_KR, show } from "./korean.ts";
import { startReader } from "./reader.ts";
import { samplesOf } from "./samples.ts";
import { GREY, imageObject, scanJpeg } from "./scans.ts";
import { pdfOf } from "./write-pdf.ts";

const { reader, folder, file, page } = startReader();
const JAPANESE = absentFont("HeiseiMin-W3", "UniJIS-UCS2-H", "Japan1");
const japanese = { content: show("日本の文書", { x: 50, y: 400 }), resources: `/Font<</K ${JAPANESE}>>` };
const REASON =
  "uses the Japanese font HeiseiMin-W3, which is not in the PDF; only Korean fonts are replaced, save the PDF with its fonts in it";

describe("text whose font is not in the document", () => {
  test("is drawn with the font that is named", async () => {
    const output = join(folder, "korean.png");
    const content = show("대한민국", { x: 50, y: 400, size: 40 });
    const result = await page(pdfOf([{ content, resources: `/Font<</K ${BATANG}>>` }]), {
      font: NOTO_SANS_KR,
      output,
    });
    expect(result).toMatchObject({ ok: true, source: "drawn" });
    const { data } = await samplesOf(output);
    expect(data.filter((sample) => sample < 128).length).toBeGreaterThan(500);
  });

  test("is drawn with a font of this machine, or costs the page", async () => {
    const content = show("대한민국", { x: 50, y: 400 });
    const result = await page(pdfOf([{ content, resources: `/Font<</K ${BATANG}>>` }]));
    if (findKoreanFonts(fontFolders()).length > 0)
      expect(result).toMatchObject({ ok: true, source: "drawn" });
    else
      expect(result).toEqual({
        ok: false,
        reason:
          "page 1 uses the Korean font Batang, which is not in the PDF nor on this machine; name a font file with --font",
      });
  });

  test("costs each page that shows it, whatever is open", async () => {
    const path = file(pdfOf([japanese, { content: "0 0 9 9 re f" }, japanese]));
    expect(await page(path, { page: 1 })).toEqual({ ok: false, reason: `page 1 ${REASON}` });
    expect(await page(path, { page: 2 })).toMatchObject({ ok: true });
    expect(await page(path, { page: 3 })).toEqual({ ok: false, reason: `page 3 ${REASON}` });
  });

  test("costs nothing where it is not seen: OCR over a scan", async () => {
    const image = imageObject(await scanJpeg(1), "/DCTDecode", GREY);
    const content = `q 595 0 0 842 0 0 cm /I Do Q 3 Tr ${japanese.content}`;
    const resources = `/XObject<</I @0>>${japanese.resources}`;
    const result = await page(pdfOf([{ content, resources }], [image]), { text: true });
    expect(result).toMatchObject({ ok: true, source: "image" });
    expect(result.ok && result.text).toContain("日本の文書");
  });

  test("costs a page whose annotation shows it", async () => {
    const appearance = {
      dictionary: `/Type/XObject/Subtype/Form/BBox[0 0 200 50]/Resources<<${japanese.resources}>>`,
    };
    const note = `/Annots[<</Type/Annot/Subtype/FreeText/Rect[100 100 300 150]/F 4/AP<</N @0>>>>]`;
    const form = { ...appearance, data: Buffer.from(show("日本の文書", { x: 5, y: 5 })) };
    const bytes = pdfOf(
      [
        { content: "", entries: note },
        { content: "", entries: note },
      ],
      [form],
    );
    const path = file(bytes);
    for (const number of [1, 2])
      expect(await page(path, { page: number })).toEqual({ ok: false, reason: `page ${number} ${REASON}` });
  });

  test("by numbers of glyphs cannot be drawn with another font", async () => {
    const font = absentFont("MalgunGothic", "Identity-H", "Identity");
    const content = show("\u0041\u0042\u0043", { x: 50, y: 400 });
    expect(
      await page(pdfOf([{ content, resources: `/Font<</K ${font}>>` }]), { font: NOTO_SANS_KR }),
    ).toEqual({
      ok: false,
      reason:
        "page 1 uses the font MalgunGothic by the numbers of its glyphs, and does not hold it; save the PDF with its fonts in it",
    });
    // The PDF says which letters they are: that draws none of them.
    const letters = "<0041> <D55C> <0042> <AE00> <0043> <C790>";
    const map = {
      dictionary: "",
      data: Buffer.from(
        `begincmap 1 begincodespacerange <0000> <FFFF> endcodespacerange 3 beginbfchar ${letters} endbfchar endcmap`,
      ),
    };
    const told = font.replace("/Encoding", "/ToUnicode @0/Encoding");
    expect(
      await page(pdfOf([{ content, resources: `/Font<</K ${told}>>` }], [map]), { font: NOTO_SANS_KR }),
    ).toEqual({
      ok: false,
      reason:
        "page 1 uses the Korean font MalgunGothic, which is not in the PDF and for which no other can stand in; save the PDF with its fonts in it",
    });
  });
});

test("Latin text needs no font of the machine", async () => {
  const output = join(folder, "latin.png");
  const font = "/Font<</F<</Type/Font/Subtype/TrueType/BaseFont/Arial/Encoding/WinAnsiEncoding>>>>";
  await page(pdfOf([{ content: "BT /F 40 Tf 50 400 Td (Contract) Tj ET", resources: font }]), { output });
  expect((await samplesOf(output)).data.filter((sample) => sample < 128).length).toBeGreaterThan(500);
});

test("a file that is no font, and a font without Korean, are refused", async () => {
  const text = file(Buffer.from("no font"));
  for (const font of [text, join(folder, "none.ttf")])
    expect(await codeOf(page(pdfOf([{ content: "" }]), { font }))).toBe("invalid_input");
  expect(await reader.describe(file(pdfOf([{ content: "" }])), { passwords: [] })).toMatchObject({
    pages: 1,
  });
});

test("the font that is chosen is like the one that is missing", () => {
  const [noto] = readInstalled(NOTO_SANS_KR);
  expect(noto).toMatchObject({ offset: 0, hangul: true, family: expect.stringContaining("Noto Sans") });
  const named = (family: string) => ({ path: family, offset: 0, family, hangul: true });
  const fonts = ["Noto Sans CJK JP", "NanumMyeongjo", "NanumGothic"].map(named);
  expect(chooseFont(fonts, "Batang")?.family).toBe("NanumMyeongjo");
  expect(chooseFont(fonts, "MalgunGothic")?.family).toBe("NanumGothic");
  expect(chooseFont([], "Batang")).toBeUndefined();
});
