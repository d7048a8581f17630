import { describe, expect, test } from "bun:test";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { loadSharp } from "../../src/images/sharp.ts";
import { startReader } from "./reader.ts";
import { samplesOf } from "./samples.ts";
import {
  BILEVEL,
  flate,
  GREY,
  HEIGHT,
  imageObject,
  RGB,
  STRIP_HEIGHT,
  scanBits,
  scanCmykJpeg,
  scanG4,
  scanJpeg,
  scanSamples,
  WIDTH,
} from "./scans.ts";
import { type PdfObject, type PdfPage, pdfOf } from "./write-pdf.ts";

const { folder, page } = startReader();
const FULL = "q 595 0 0 842 0 0 cm /I Do Q";
const STRIP = "q 595 0 0 54.4 0 0 cm /I Do Q";
const STRIP_BOX = [0, 0, 595, 54.4] as const;
const FONT = "/Font<</F<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>>>";

const LINK =
  "<</Type/Annot/Subtype/Link/Rect[50 600 300 700]/Border[0 0 0]/A<</S/URI/URI(http://example.com)>>>>";
const NOTE = "<</Type/Annot/Subtype/Text/Rect[50 500 70 520]/F 2/Contents(hidden)>>";
const POPUP = "<</Type/Annot/Subtype/Popup/Rect[50 100 300 200]/Open false>>";

let count = 0;

/** What becomes of a page with this image, and the file that was made. */
async function take(image: PdfObject, more: Partial<PdfPage> = {}, extra: PdfObject[] = []) {
  const output = join(folder, `taken-${count++}`);
  const shown = { content: FULL, ...more, resources: `/XObject<</I @0>>${more.resources ?? ""}` };
  const result = await page(pdfOf([shown], [image, ...extra]), { output });
  return { result, bytes: result.ok ? await readFile(output) : Buffer.alloc(0) };
}

const jpeg = await scanJpeg(1);
const jpegImage = imageObject(jpeg, "/DCTDecode", GREY);
const colours = await scanJpeg(3);
const cmyk = await scanCmykJpeg();

describe("a page that is one image gives its bytes", () => {
  const dpi = Math.round((WIDTH * 72) / 595);

  for (const [name, image, own] of [
    ["a grey JPEG", jpegImage, jpeg],
    ["a JPEG in colours", imageObject(colours, "/DCTDecode", RGB), colours],
    [
      "a CMYK JPEG",
      imageObject(cmyk, "/DCTDecode", "/ColorSpace/DeviceCMYK/BitsPerComponent 8/Decode[1 0 1 0 1 0 1 0]"),
      cmyk,
    ],
    ["a JPEG that is packed once more", imageObject(flate(jpeg), "[/FlateDecode/DCTDecode]", GREY), jpeg],
  ] as const) {
    test(name, async () => {
      const { result, bytes } = await take(image);
      expect(result).toEqual({
        ok: true,
        source: "image",
        format: "jpeg",
        width: WIDTH,
        height: HEIGHT,
        dpi,
        pages: 1,
        orientation: 1,
        text: null,
        bytes: own.length,
      });
      expect(bytes.equals(own)).toBe(true);
    });
  }

  for (const [name, more] of [
    ["within a form", { content: "/Fm Do", resources: "/XObject<</Fm @1/I @0>>" }],
    [
      "with words that OCR laid over it",
      { content: `${FULL} BT /F 9 Tf 3 Tr 50 700 Td (word) Tj ET`, resources: FONT },
    ],
    ["with words under it", { content: `BT /F 9 Tf 50 700 Td (word) Tj ET ${FULL}`, resources: FONT }],
    ["with links and closed notes", { entries: `/Annots[${LINK}${NOTE}${POPUP}]` }],
    ["on white", { content: `1 g 0 0 595 842 re f ${FULL}` }],
  ] as const) {
    test(`the image ${name}`, async () => {
      const form = {
        dictionary: "/Type/XObject/Subtype/Form/BBox[0 0 595 842]/Resources<</XObject<</I @0>>>>",
      };
      const { result, bytes } = await take(jpegImage, more, [{ ...form, data: Buffer.from(FULL) }]);
      expect(result).toMatchObject({ ok: true, source: "image", format: "jpeg" });
      expect(bytes.equals(jpeg)).toBe(true);
    });
  }

  for (const [name, blackIs1, parameters] of [
    ["of white zeros", false, ""],
    ["of black zeros", true, ""],
    ["that is a stencil", false, "/ImageMask true"],
  ] as const) {
    test(`G4 data ${name} as a TIFF of one strip, samples and data as they are`, async () => {
      const data = await scanG4();
      const parms = `/DecodeParms<</K -1/Columns ${WIDTH}/Rows ${STRIP_HEIGHT}/BlackIs1 ${blackIs1}>>`;
      const kind = parameters === "" ? BILEVEL : "/ImageMask true/BitsPerComponent 1";
      const image = imageObject(data, "/CCITTFaxDecode", kind + parms, STRIP_HEIGHT);
      const { result, bytes } = await take(image, { content: `0 g ${STRIP}`, box: STRIP_BOX });
      expect(result).toMatchObject({
        ok: true,
        source: "image",
        format: "tiff",
        width: WIDTH,
        height: STRIP_HEIGHT,
      });
      expect(bytes.subarray(-data.length).equals(data)).toBe(true);
      const { density, data: samples } = await samplesOf(bytes);
      const bit = (sample: number) => (sample > 127 === blackIs1 ? 255 : 0);
      expect(density).toBe(dpi);
      expect(
        Buffer.from(samples).equals(
          Buffer.from(
            scanSamples(1)
              .subarray(0, WIDTH * STRIP_HEIGHT)
              .map(bit),
          ),
        ),
      ).toBe(true);
    });
  }

  for (const [name, image, channels] of [
    ["of grey samples", imageObject(flate(scanSamples(1)), "/FlateDecode", GREY), 1],
    ["of colours", imageObject(flate(scanSamples(3)), "/FlateDecode", RGB), 3],
    ["of one bit", imageObject(flate(scanBits()), "/FlateDecode", BILEVEL), 1],
  ] as const) {
    test(`packed data ${name} as a PNG of the same samples`, async () => {
      const { result, bytes } = await take(image);
      expect(result).toMatchObject({
        ok: true,
        source: "image",
        format: "png",
        width: WIDTH,
        height: HEIGHT,
      });
      const { data, channels: found, density } = await samplesOf(bytes);
      const expected = scanSamples(channels).map((sample) =>
        name === "of one bit" ? (sample > 127 ? 255 : 0) : sample,
      );
      expect({ found, density }).toEqual({ found: channels, density: dpi });
      expect(Buffer.from(data).equals(Buffer.from(expected))).toBe(true);
      expect(bytes[24]).toBe(name === "of one bit" ? 1 : 8);
    });
  }
});

describe("a page that is turned", () => {
  for (const [rotate, orientation] of [
    [90, 6],
    [180, 3],
    [270, 8],
  ] as const) {
    test(`by ${rotate} keeps the coded image, and says so in EXIF`, async () => {
      const { result, bytes } = await take(jpegImage, { entries: `/Rotate ${rotate}` });
      const [width, height] = rotate === 180 ? [WIDTH, HEIGHT] : [HEIGHT, WIDTH];
      expect(result).toMatchObject({ source: "image", format: "jpeg", width, height, orientation });
      const sharp = await loadSharp();
      const turned = await sharp(jpeg).rotate(rotate).toColourspace("b-w").raw().toBuffer();
      const { data, orientation: said } = await samplesOf(bytes);
      expect(said).toBe(orientation);
      expect(Buffer.from(data).equals(turned)).toBe(true);
    });
  }

  test("a TIFF says so in its tag, a PNG is turned", async () => {
    const parms = `/DecodeParms<</K -1/Columns ${WIDTH}/Rows ${STRIP_HEIGHT}>>`;
    const strip = imageObject(await scanG4(), "/CCITTFaxDecode", BILEVEL + parms, STRIP_HEIGHT);
    const g4 = await take(strip, { content: STRIP, box: STRIP_BOX, entries: "/Rotate 90" });
    expect(g4.result).toMatchObject({ format: "tiff", width: STRIP_HEIGHT, height: WIDTH, orientation: 6 });
    const png = await take(imageObject(flate(scanBits()), "/FlateDecode", BILEVEL), {
      entries: "/Rotate 90",
    });
    expect(png.result).toMatchObject({ format: "png", width: HEIGHT, height: WIDTH, orientation: 1 });
    const [tiff, turned] = [await samplesOf(g4.bytes), await samplesOf(png.bytes)];
    expect(tiff.orientation).toBe(6);
    expect(turned.at(HEIGHT - 41, 45)).toEqual([0]); // the first line is now the last column
    expect({ width: turned.width, height: turned.height }).toEqual({ width: HEIGHT, height: WIDTH });
  });

  test("an orientation in the JPEG's own EXIF, which a PDF does not follow, is set right", async () => {
    const turned = await scanJpeg(3, 6);
    const { result, bytes } = await take(imageObject(turned, "/DCTDecode", RGB));
    expect(result).toMatchObject({ source: "image", width: WIDTH, height: HEIGHT, orientation: 1 });
    expect((await samplesOf(bytes)).orientation).toBe(1);
    expect(bytes.length).toBe(turned.length); // two bytes differ
  });
});

describe("a page that shows anything else is drawn", () => {
  const smask = { ...imageObject(flate(Buffer.alloc(WIDTH * HEIGHT, 128)), "/FlateDecode", GREY) };
  for (const [name, image, more, extra] of [
    ["a stamp", jpegImage, { content: `${FULL} BT /F 40 Tf 50 700 Td (COPY) Tj ET`, resources: FONT }, []],
    ["a margin", jpegImage, { content: "q 495 0 0 742 50 50 cm /I Do Q" }, []],
    ["a clip", jpegImage, { content: `q 0 0 300 842 re W n ${FULL} Q` }, []],
    ["a mirrored image", jpegImage, { content: "q 595 0 0 -842 0 842 cm /I Do Q" }, []],
    ["a turned image", jpegImage, { content: "q 0 842 -595 0 595 0 cm /I Do Q" }, []],
    ["a crop", jpegImage, { entries: "/CropBox[100 100 400 600]" }, []],
    ["a negative", imageObject(jpeg, "/DCTDecode", `${GREY}/Decode[1 0]`), {}, []],
    ["a soft mask", imageObject(jpeg, "/DCTDecode", `${GREY}/SMask @1`), {}, [smask]],
    ["two images", jpegImage, { content: "q 595 0 0 421 0 0 cm /I Do Q q 595 0 0 421 0 421 cm /I Do Q" }, []],
    [
      "an annotation",
      jpegImage,
      { entries: "/Annots[<</Type/Annot/Subtype/Highlight/Rect[0 0 9 9]/QuadPoints[0 0 9 0 0 9 9 9]>>]" },
      [],
    ],
    [
      "a dot that somebody added",
      jpegImage,
      { entries: "/Annots[<</Type/Annot/Subtype/Stamp/Rect[300 800 302 802]/AP<</N @1>>>>]" },
      [
        {
          dictionary: "/Type/XObject/Subtype/Form/BBox[0 0 2 2]",
          data: Buffer.from("1 0 0 rg 0 0 2 2 re f"),
        },
      ],
    ],
    [
      "a resolution apart",
      imageObject(jpeg, "/DCTDecode", "/ColorSpace/DeviceGray/BitsPerComponent 8"),
      { box: [0, 0, 595, 800] },
      [],
    ],
  ] as [string, PdfObject, Partial<PdfPage>, PdfObject[]][]) {
    test(name, async () => {
      const { result } = await take(image, more, extra);
      expect(result).toMatchObject({ ok: true, source: "drawn", format: "png", dpi: 72 });
    });
  }
});

test("a JPEG that is cut off costs the page, with what is wrong", async () => {
  const { result } = await take(imageObject(jpeg.subarray(0, jpeg.length / 2), "/DCTDecode", GREY));
  expect(result).toEqual({ ok: false, reason: "page 1: damaged JPEG: premature end of JPEG image" });
});

test("an image above the limit of pixels is refused before it is decoded", async () => {
  const result = await page(pdfOf([{ content: FULL, resources: "/XObject<</I @0>>" }], [jpegImage]), {
    maxPixels: 600_000,
    dpi: 10,
  });
  expect(result).toEqual({
    ok: false,
    reason:
      "page 1 is an image of 1400 × 1980 pixels: 2.77 megapixels, above the limit of 0.6 (images.max_pixels)",
  });
});
