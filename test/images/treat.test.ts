import { describe, expect, test } from "bun:test";
import sharp from "sharp";
import { AppError } from "../../src/errors.ts";
import { type TreatTerms, treatImage } from "../../src/images/encode.ts";
import { hashPixels } from "../../src/images/pixels.ts";
import { bmp, picture, pixels } from "./samples.ts";

const OPTIMIZE: TreatTerms = { policy: "optimize", verify: "full", maxPixels: 1_000_000 };

async function refused(bytes: Uint8Array, terms = OPTIMIZE): Promise<string> {
  const error = await treatImage(bytes, terms).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(AppError);
  expect((error as AppError).code).toBe("invalid_input");
  return (error as AppError).message;
}

describe("optimize", () => {
  test.each(["jpeg", "webp", "avif"] as const)("keeps an upright %s byte for byte", async (format) => {
    const image = await treatImage(await picture().toFormat(format).toBuffer(), OPTIMIZE);
    expect(image).toMatchObject({ encoded: undefined, format, width: 64, height: 48 });
    expect(image.pixels?.data.length).toBe(64 * 48 * 3);
  });

  test.each(["png", "tiff"] as const)("turns %s into JPEG when that is smaller", async (format) => {
    const source = await picture(400, 300).toFormat(format, { compression: "none" }).toBuffer();
    const image = await treatImage(source, OPTIMIZE);
    expect(image.format).toBe("jpeg");
    expect(image.encoded?.length).toBeLessThan(source.length);
    const metadata = await sharp(image.encoded).metadata();
    expect(metadata).toMatchObject({ format: "jpeg", width: 400, height: 300, chromaSubsampling: "4:4:4" });
  });

  test("keeps a PNG that JPEG would make larger", async () => {
    const flat = await sharp({ create: { width: 300, height: 300, channels: 3, background: "white" } })
      .png()
      .toBuffer();
    expect(await treatImage(flat, OPTIMIZE)).toMatchObject({ encoded: undefined, format: "png" });
  });

  test("puts white under transparency", async () => {
    const noise = Buffer.from(
      Array.from({ length: 200 * 200 * 4 }, (_, at) => (at % 4 === 3 ? 0 : (at * 31) & 0xff)),
    );
    const source = await sharp(noise, { raw: { width: 200, height: 200, channels: 4 } })
      .png()
      .toBuffer();
    const { encoded } = await treatImage(source, OPTIMIZE);
    const { data } = await sharp(encoded).raw().toBuffer({ resolveWithObject: true });
    expect(Math.min(...data)).toBeGreaterThan(250);
  });

  test("turns a rotated JPEG upright and says its upright size", async () => {
    const source = await picture(64, 48).jpeg().withMetadata({ orientation: 6 }).toBuffer();
    const image = await treatImage(source, OPTIMIZE);
    expect(image).toMatchObject({ format: "jpeg", width: 48, height: 64 });
    const metadata = await sharp(image.encoded).metadata();
    expect(metadata).toMatchObject({ width: 48, height: 64 });
    expect(metadata.orientation ?? 1).toBe(1);
  });

  test("keeps the grey of a grey page", async () => {
    const source = await picture(300, 300).toColourspace("b-w").png({ compressionLevel: 0 }).toBuffer();
    const { encoded } = await treatImage(source, OPTIMIZE);
    expect((await sharp(encoded).metadata()).channels).toBe(1);
  });

  test("keeps an animation and a 16-bit PNG, which JPEG would cut", async () => {
    const frames = [pixels(20, 20, 1), pixels(20, 20, 5)].map((data) =>
      sharp(data, { raw: { width: 20, height: 20, channels: 3 } })
        .png()
        .toBuffer(),
    );
    const gif = await sharp(await Promise.all(frames), { join: { animated: true } })
      .gif()
      .toBuffer();
    expect(await treatImage(gif, OPTIMIZE)).toMatchObject({
      encoded: undefined,
      format: "gif",
      width: 20,
      height: 20,
    });
    const deep = await picture(100, 100).toColourspace("rgb16").png().toBuffer();
    expect(await treatImage(deep, OPTIMIZE)).toMatchObject({ encoded: undefined, format: "png" });
  });

  test("reads BMP, which becomes JPEG", async () => {
    const rgb = pixels(33, 20);
    const image = await treatImage(bmp(33, 20, rgb), OPTIMIZE);
    expect(image).toMatchObject({ format: "jpeg", width: 33, height: 20 });
    expect(Buffer.compare(Buffer.from(image.pixels?.data ?? []), rgb)).toBe(0);
  });
});

describe("the other policies", () => {
  test("preserve keeps every byte and still says the upright size", async () => {
    const source = await picture(64, 48).jpeg().withMetadata({ orientation: 6 }).toBuffer();
    const image = await treatImage(source, { ...OPTIMIZE, policy: "preserve" });
    expect(image).toMatchObject({ encoded: undefined, width: 48, height: 64 });
  });

  test("jpeg turns everything else into JPEG, larger or not", async () => {
    const flat = await sharp({ create: { width: 300, height: 300, channels: 3, background: "white" } })
      .webp()
      .toBuffer();
    const image = await treatImage(flat, { ...OPTIMIZE, policy: "jpeg" });
    expect(image.format).toBe("jpeg");
    expect(image.encoded).toBeDefined();
  });

  test("--verify header decodes nothing that is kept", async () => {
    const image = await treatImage(await picture().jpeg().toBuffer(), { ...OPTIMIZE, verify: "header" });
    expect(image).toMatchObject({ encoded: undefined, pixels: undefined, width: 64, height: 48 });
  });
});

describe("what is refused", () => {
  test("a truncated image, by a full decode", async () => {
    const source = await picture(400, 400).jpeg().toBuffer();
    expect(await refused(source.subarray(0, source.length / 2))).toContain("JPEG");
  });

  test("what is no image, saying what it seems to be", async () => {
    expect(await refused(Buffer.from("<svg xmlns='http://www.w3.org/2000/svg'/>"))).toContain("SVG");
    expect(await refused(Buffer.from("%PDF-1.7"))).toContain("PDF");
    expect(await refused(Buffer.alloc(0))).toContain("empty");
  });

  test("more pixels than allowed, before they are decoded", async () => {
    const bomb = await sharp({ create: { width: 1200, height: 1000, channels: 3, background: "black" } })
      .png()
      .toBuffer();
    expect(await refused(bomb)).toContain("images.max_pixels");
    expect(await refused(bomb, { ...OPTIMIZE, verify: "header" })).toContain("images.max_pixels");
  });

  test("a BMP that ends too early", async () => {
    const whole = bmp(33, 20, pixels(33, 20));
    expect(await refused(whole.subarray(0, whole.length - 10))).toContain("BMP");
  });
});

test("the pixel hash goes by what is shown, not by how it is stored", async () => {
  const hashOf = async (bytes: Uint8Array) => {
    const { pixels: shown } = await treatImage(bytes, OPTIMIZE);
    return shown && hashPixels(shown);
  };
  const png = await picture(50, 40, 3).png().toBuffer();
  const tiff = await picture(50, 40, 3).tiff({ compression: "lzw" }).toBuffer();
  expect(await hashOf(tiff)).toBe(await hashOf(png));
  expect(await hashOf(await picture(50, 40, 4).png().toBuffer())).not.toBe(await hashOf(png));
  const wide = { data: new Uint8Array(12), width: 4, height: 1, channels: 3, depth: "uchar" as const };
  expect(hashPixels(wide)).not.toBe(hashPixels({ ...wide, width: 1, height: 4 }));
});
