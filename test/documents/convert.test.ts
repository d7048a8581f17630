import { describe, expect, test } from "bun:test";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { loadSharp } from "../../src/images/sharp.ts";
import { box, encodeJ2k, type Jp2Samples, jp2File } from "./jpeg2000.ts";
import { startReader } from "./reader.ts";
import { samplesOf } from "./samples.ts";
import { HEIGHT, imageObject, scanSamples, WIDTH } from "./scans.ts";
import { pdfOf } from "./write-pdf.ts";

const { reader, folder, page } = startReader();

function samples(channels: 1 | 3 | 4, bits: number): Jp2Samples {
  const [width, height] = [97, 61];
  const values = Array.from(
    { length: width * height * channels },
    (_, index) => Math.floor((index * 2 ** bits) / (width * height * channels)) ^ (index & 1),
  );
  const data = bits > 8 ? new Uint8Array(Uint16Array.from(values).buffer) : Uint8Array.from(values);
  return { data, width, height, channels, bits };
}

let count = 0;

async function convert(bytes: Uint8Array, kind: "heic" | "jp2" = "jp2", maxPixels = 1e6) {
  const path = join(folder, `image-${count++}`);
  await writeFile(path, bytes);
  const output = `${path}.png`;
  return { result: await reader.convert({ path, kind, maxPixels, output }), output };
}

describe("JPEG 2000", () => {
  for (const [channels, bits] of [
    [1, 8],
    [3, 8],
    [1, 16],
    [4, 8],
  ] as const) {
    test(`of ${channels} channels and ${bits} bits gives the same samples`, async () => {
      const came = samples(channels, bits);
      const j2k = await encodeJ2k(came);
      for (const bytes of [j2k, jp2File(j2k, came, channels === 1 ? 17 : 16)]) {
        const { result, output } = await convert(bytes);
        expect(result).toEqual({ ok: true, width: 97, height: 61, images: 1, bitDepth: bits });
        expect((await readFile(output)).includes("pHYs")).toBe(false);
        const found = await samplesOf(output);
        expect({ channels: found.channels, depth: found.depth }).toEqual({
          channels,
          depth: bits === 16 ? "ushort" : "uchar",
        });
        const data = new Uint8Array(found.data.buffer, found.data.byteOffset, found.data.byteLength);
        expect(Buffer.from(data).equals(Buffer.from(came.data))).toBe(true);
      }
    });
  }

  test("of 12 bits is filled up to 16, and a shift gives each sample back", async () => {
    const came = samples(1, 12);
    const { result, output } = await convert(await encodeJ2k(came));
    expect(result).toMatchObject({ ok: true, bitDepth: 12 });
    const { data } = await samplesOf(output);
    const back = Array.from(data, (sample) => sample >> 4);
    expect(back).toEqual(Array.from(new Uint16Array(came.data.buffer)));
    expect(Math.max(...data)).toBeGreaterThan(65_500);
  });

  test("in inks gives the same samples as TIFF", async () => {
    const came = samples(4, 8);
    const { result, output } = await convert(jp2File(await encodeJ2k(came), came, 12));
    expect(result).toMatchObject({ ok: true, width: 97, height: 61, bitDepth: 8 });
    const sharp = await loadSharp();
    const tiff = sharp(await readFile(output));
    expect(await tiff.metadata()).toMatchObject({ format: "tiff", space: "cmyk", channels: 4 });
    expect(
      Buffer.from(came.data).equals(
        await tiff.pipelineColourspace("cmyk").toColourspace("cmyk").raw().toBuffer(),
      ),
    ).toBe(true);
  });

  test("in YCC becomes RGB", async () => {
    const [width, height] = [97, 61];
    const pixels = Buffer.alloc(width * height * 3, Buffer.from([76, 85, 255])); // red
    const came: Jp2Samples = { data: pixels, width, height, channels: 3, bits: 8 };
    const { result, output } = await convert(jp2File(await encodeJ2k(came), came, 18));
    expect(result).toMatchObject({ ok: true });
    const [red = 0, green = 9, blue = 9] = (await samplesOf(output)).at(8, 8);
    expect(Math.max(255 - red, green, blue)).toBeLessThanOrEqual(2);
  });

  test("keeps its profile", async () => {
    const came = samples(3, 8);
    const sharp = await loadSharp();
    const raw = { width: 2, height: 2, channels: 3 } as const;
    const png = await sharp(Buffer.alloc(12), { raw }).withIccProfile("p3").png().toBuffer();
    const { icc = Buffer.alloc(0) } = await sharp(png).metadata();
    const { output } = await convert(jp2File(await encodeJ2k(came), came, icc));
    expect((await sharp(await readFile(output)).metadata()).icc?.equals(icc)).toBe(true);
  });

  test("of a kind that is not taken, damaged, or too large is refused with what is wrong", async () => {
    const came = samples(3, 8);
    const j2k = await encodeJ2k(came);
    const refused = async (bytes: Uint8Array, maxPixels?: number) =>
      (await convert(bytes, "jp2", maxPixels)).result;
    const taken = "JPEG 2000 of a kind that is not taken:";
    expect(await refused(jp2File(j2k, came, 17))).toEqual({
      ok: false,
      reason: `${taken} it has 3 components; convert it to PNG`,
    });
    const grey = samples(1, 8);
    const palette = box("pclr", Uint8Array.from([0, 1, 4, 7, 7, 7, 7, 0, 0, 0, 0]));
    expect(await refused(jp2File(await encodeJ2k(grey), grey, 16, palette))).toEqual({
      ok: false,
      reason: `${taken} its palette has 4 channels; convert it to PNG`,
    });
    expect(await refused(j2k.subarray(0, 30))).toEqual({
      ok: false,
      reason: "damaged JPEG 2000: its header cannot be read",
    });
    expect(await refused(j2k, 5000)).toEqual({
      ok: false,
      reason: "it has 97 × 61 pixels: 0.01 megapixels, above the limit of 0.01 (images.max_pixels)",
    });
    expect((await refused(j2k.subarray(0, 200))).ok).toBe(false);
    expect((await convert(j2k)).result.ok).toBe(true);
  });

  test("that is a page gives its samples", async () => {
    const scan = { data: scanSamples(1), width: WIDTH, height: HEIGHT, channels: 1, bits: 8 } as const;
    const image = imageObject(jp2File(await encodeJ2k(scan), scan, 17), "/JPXDecode");
    const content = "q 595 0 0 842 0 0 cm /I Do Q";
    const resources = "/XObject<</I @0>>";
    const output = join(folder, "jpx.png");
    const pdf = pdfOf(
      [
        { content, resources },
        { content, resources, entries: "/Rotate 90" },
      ],
      [image],
    );
    const result = await page(pdf, { output });
    expect(result).toMatchObject({ ok: true, source: "image", format: "png", width: WIDTH, height: HEIGHT });
    const { data, density } = await samplesOf(output);
    expect(density).toBe(Math.round((WIDTH * 72) / 595));
    expect(Buffer.from(data).equals(scan.data)).toBe(true);
    expect(await page(pdf, { page: 2, output })).toMatchObject({
      source: "image",
      width: HEIGHT,
      height: WIDTH,
    });
    expect((await samplesOf(output)).at(HEIGHT - 41, 45)).toEqual([10]);
  });
});

test("what is no HEIC is refused with what is wrong", async () => {
  const { result } = await convert(Buffer.from("\0\0\0\x18ftypheic\0\0\0\0mif1heic", "latin1"), "heic");
  expect(result).toEqual({ ok: false, reason: expect.stringMatching(/^damaged HEIC: /) });
});
