import { describe, expect, test } from "bun:test";
import sharp from "sharp";
import { AppError } from "../../src/errors.ts";
import { OPEN_GATE } from "../../src/images/gate.ts";
import { type NormalizeTerms, normalizeImage } from "../../src/images/normalize.ts";
import { bmp, picture, pixels } from "./samples.ts";

const OPTIMIZE: NormalizeTerms = {
  policy: "optimize",
  verify: "full",
  maxPixels: 1_000_000,
  gate: OPEN_GATE,
};

/** Two frames or pages. */
async function twoPages(format: "gif" | "webp" | "tiff", second = 5): Promise<Buffer> {
  const pages = [1, second].map((seed) => picture(40, 30, seed).png().toBuffer());
  const joined = sharp(await Promise.all(pages), { join: { animated: true } });
  return joined.toFormat(format, { compression: "lzw", lossless: true }).toBuffer();
}

async function sizeOf(bytes: Uint8Array) {
  const { width, height } = await sharp(bytes).metadata();
  return { width, height };
}

async function refused(bytes: Uint8Array, terms = OPTIMIZE): Promise<string> {
  const error = await normalizeImage(bytes, terms).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(AppError);
  expect((error as AppError).code).toBe("invalid_input");
  return (error as AppError).message;
}

describe("optimize", () => {
  test.each(["jpeg", "webp", "avif"] as const)("keeps an upright %s byte for byte", async (format) => {
    const image = await normalizeImage(await picture().toFormat(format).toBuffer(), OPTIMIZE);
    expect(image).toMatchObject({ encoded: undefined, format, width: 64, height: 48 });
    expect(image.verified).toBe(true);
  });

  test.each(["png", "tiff"] as const)("turns %s into JPEG when that is smaller", async (format) => {
    const source = await picture(400, 300).toFormat(format, { compression: "none" }).toBuffer();
    const image = await normalizeImage(source, OPTIMIZE);
    expect(image.format).toBe("jpeg");
    expect(image.encoded?.length).toBeLessThan(source.length);
    const metadata = await sharp(image.encoded).metadata();
    expect(metadata).toMatchObject({ format: "jpeg", width: 400, height: 300, chromaSubsampling: "4:4:4" });
  });

  test("keeps a PNG that JPEG would make larger", async () => {
    const flat = await sharp({ create: { width: 300, height: 300, channels: 3, background: "white" } })
      .png()
      .toBuffer();
    expect(await normalizeImage(flat, OPTIMIZE)).toMatchObject({ encoded: undefined, format: "png" });
  });

  test.each(["optimize", "jpeg"] as const)(
    "keeps what is transparent under %s, whatever is below",
    async (policy) => {
      const noise = Buffer.from(
        Array.from({ length: 200 * 200 * 4 }, (_, at) => (at % 4 === 3 ? at & 0xff : (at * 31) & 0xff)),
      );
      const source = await sharp(noise, { raw: { width: 200, height: 200, channels: 4 } })
        .png()
        .toBuffer();
      expect(await normalizeImage(source, { ...OPTIMIZE, policy })).toMatchObject({
        encoded: undefined,
        format: "png",
      });
    },
  );

  test("makes a JPEG of what is opaque, though it has an alpha channel", async () => {
    const source = await picture(200, 200).ensureAlpha().png().toBuffer();
    expect(await normalizeImage(source, OPTIMIZE)).toMatchObject({ format: "jpeg" });
  });

  test("turns a rotated JPEG upright and says its upright size", async () => {
    const source = await picture(64, 48).jpeg().withMetadata({ orientation: 6 }).toBuffer();
    const image = await normalizeImage(source, OPTIMIZE);
    expect(image).toMatchObject({ format: "jpeg", width: 48, height: 64 });
    const metadata = await sharp(image.encoded).metadata();
    expect(metadata).toMatchObject({ width: 48, height: 64 });
    expect(metadata.orientation ?? 1).toBe(1);
  });

  test("keeps the grey of a grey page", async () => {
    const source = await picture(300, 300).toColourspace("b-w").png({ compressionLevel: 0 }).toBuffer();
    const { encoded } = await normalizeImage(source, OPTIMIZE);
    expect((await sharp(encoded).metadata()).channels).toBe(1);
  });

  test.each(["gif", "webp", "tiff"] as const)(
    "keeps a %s of two pages under every policy",
    async (format) => {
      const source = await twoPages(format);
      for (const policy of ["optimize", "jpeg", "preserve"] as const) {
        const image = await normalizeImage(source, { ...OPTIMIZE, policy });
        expect(image).toMatchObject({ encoded: undefined, format, width: 40, height: 30, pages: 2 });
        // Only equal bytes are the same: another second page is another document.
        expect(image).toMatchObject({ verified: true, identify: undefined });
      }
    },
  );

  test("keeps 16 bits, which are scaled where JPEG is asked for", async () => {
    const ramp = Uint16Array.from({ length: 100 * 100 * 3 }, (_, at) => (at * 977) & 0xffff);
    const raw = { width: 100, height: 100, channels: 3 as const };
    const deep = await sharp(ramp, { raw }).toColourspace("rgb16").png().toBuffer();
    expect(await normalizeImage(deep, OPTIMIZE)).toMatchObject({ encoded: undefined, format: "png" });
    const { encoded } = await normalizeImage(deep, { ...OPTIMIZE, policy: "jpeg" });
    const [red] = (await sharp(encoded).stats()).channels;
    const [expected] = (await sharp(deep).stats()).channels;
    expect(Math.abs((red?.mean ?? 0) - (expected?.mean ?? 0) / 257)).toBeLessThan(3);
  });

  test("keeps an image that is longer than a JPEG may be", async () => {
    const long = await sharp(pixels(65_501, 2), { raw: { width: 65_501, height: 2, channels: 3 } })
      .png()
      .toBuffer();
    expect(await normalizeImage(long, { ...OPTIMIZE, policy: "jpeg" })).toMatchObject({
      encoded: undefined,
      width: 65_501,
    });
  });

  test("turns a lossless page upright only where the JPEG is smaller, and says how it came", async () => {
    const grain = await picture(300, 200).png().withMetadata({ orientation: 6 }).toBuffer();
    const turned = await normalizeImage(grain, OPTIMIZE);
    expect(turned).toMatchObject({ format: "jpeg", width: 200, height: 300, orientation: 6 });
    expect(await sizeOf(turned.encoded ?? Buffer.alloc(0))).toEqual({ width: 200, height: 300 });
    const flat = await sharp({ create: { width: 300, height: 200, channels: 3, background: "white" } })
      .png()
      .withMetadata({ orientation: 6 })
      .toBuffer();
    const kept = { encoded: undefined, format: "png", width: 200, height: 300, orientation: 6 };
    expect(await normalizeImage(flat, OPTIMIZE)).toMatchObject(kept);
    const webp = await picture(300, 200).webp({ lossless: true }).withMetadata({ orientation: 6 }).toBuffer();
    expect(await normalizeImage(webp, OPTIMIZE)).toMatchObject({ ...kept, format: "webp" });
  });

  test("every orientation of EXIF is undone as decoders undo it", async () => {
    for (let orientation = 1; orientation <= 8; orientation++) {
      const source = await picture(60, 40).png().withMetadata({ orientation }).toBuffer();
      const { encoded } = await normalizeImage(source, { ...OPTIMIZE, policy: "jpeg" });
      const [shown, right] = await Promise.all([
        sharp(encoded).raw().toBuffer(),
        sharp(source)
          .autoOrient()
          .jpeg({ quality: 95, chromaSubsampling: "4:4:4" })
          .toBuffer()
          .then((jpeg) => sharp(jpeg).raw().toBuffer()),
      ]);
      expect(Buffer.compare(shown, right)).toBe(0);
    }
  });

  test("resolution and profile go along into the JPEG", async () => {
    const source = await picture(200, 200)
      .png()
      .withMetadata({ density: 300 })
      .withIccProfile("p3")
      .toBuffer();
    const image = await normalizeImage(source, OPTIMIZE);
    expect(image).toMatchObject({ format: "jpeg", dpi: 300 });
    const [before, after] = await Promise.all(
      [source, image.encoded].map((bytes) => sharp(bytes).metadata()),
    );
    expect(after?.density).toBe(300);
    expect(Buffer.compare(after?.icc ?? Buffer.alloc(0), before?.icc ?? Buffer.alloc(1))).toBe(0);
  });

  test("reads BMP, which becomes JPEG", async () => {
    const rgb = pixels(33, 20);
    const image = await normalizeImage(bmp(33, 20, rgb), OPTIMIZE);
    expect(image).toMatchObject({ format: "jpeg", width: 33, height: 20 });
    const png = await sharp(rgb, { raw: { width: 33, height: 20, channels: 3 } })
      .png()
      .toBuffer();
    expect(image.identify?.()).toBe((await normalizeImage(png, OPTIMIZE)).identify?.() ?? "");
  });
});

describe("the other policies", () => {
  test("preserve keeps every byte and still says the upright size", async () => {
    const source = await picture(64, 48).jpeg().withMetadata({ orientation: 6 }).toBuffer();
    const image = await normalizeImage(source, { ...OPTIMIZE, policy: "preserve" });
    expect(image).toMatchObject({ encoded: undefined, width: 48, height: 64 });
  });

  test("jpeg turns everything else into JPEG, larger or not", async () => {
    const flat = await sharp({ create: { width: 300, height: 300, channels: 3, background: "white" } })
      .webp()
      .toBuffer();
    const image = await normalizeImage(flat, { ...OPTIMIZE, policy: "jpeg" });
    expect(image.format).toBe("jpeg");
    expect(image.encoded).toBeDefined();
  });

  test("--verify header decodes nothing that is kept", async () => {
    const image = await normalizeImage(await picture().jpeg().toBuffer(), { ...OPTIMIZE, verify: "header" });
    expect(image).toMatchObject({ encoded: undefined, verified: false, width: 64, height: 48 });
    expect(image.identify).toBeUndefined();
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
    expect(await refused(Buffer.from("\0\0\0\x18ftypisom\0\0\x02\0isomiso2mp41"))).toStartWith("video file");
    const avif = await picture().avif({ effort: 0 }).toBuffer();
    avif.write("miaf", 8); // which Pillow does not open
    expect(await refused(avif)).toStartWith("AVIF (of a brand that Pillow does not open) file");
  });

  test("more pixels than allowed, before they are decoded", async () => {
    const bomb = await sharp({ create: { width: 1200, height: 1000, channels: 3, background: "black" } })
      .png()
      .toBuffer();
    expect(await refused(bomb)).toContain("images.max_pixels");
    expect(await refused(bomb, { ...OPTIMIZE, verify: "header" })).toContain("images.max_pixels");
  });

  test("what takes more memory to decode than there is, and nothing that a header tells", async () => {
    const webp = await picture(400, 300).webp().toBuffer();
    const gate = { ...OPEN_GATE, limitBytes: 1_000_000 };
    expect(await refused(webp, { ...OPTIMIZE, gate })).toContain("processing.memory");
    expect(await normalizeImage(webp, { ...OPTIMIZE, gate, verify: "header" })).toMatchObject({ width: 400 });
  });

  test("a BMP that ends too early", async () => {
    const whole = bmp(33, 20, pixels(33, 20));
    expect(await refused(whole.subarray(0, whole.length - 10))).toContain("BMP");
  });
});

describe("the identity of a page", () => {
  const identityOf = async (bytes: Uint8Array) => (await normalizeImage(bytes, OPTIMIZE)).identify?.();

  test("goes by the samples of lossless formats, not by how they are packed", async () => {
    const png = await identityOf(await picture(50, 40, 3).png().toBuffer());
    expect(png).toMatch(/^[0-9a-f]{32}$/);
    expect(await identityOf(await picture(50, 40, 3).tiff({ compression: "lzw" }).toBuffer())).toBe(
      png ?? "",
    );
    const [fine, coarse] = [300, 72].map((density) =>
      picture(50, 40, 3).png().withMetadata({ density }).toBuffer(),
    );
    expect(await identityOf(await (fine as Promise<Buffer>))).toBe(
      (await identityOf(await (coarse as Promise<Buffer>))) ?? "",
    );
    expect(await identityOf(await picture(50, 40, 4).png().toBuffer())).not.toBe(png ?? "");
    expect(await identityOf(await picture(50, 40, 3).png().withIccProfile("p3").toBuffer())).not.toBe(
      png ?? "",
    );
    expect(
      await identityOf(await picture(50, 40, 3).png().withMetadata({ orientation: 3 }).toBuffer()),
    ).not.toBe(png ?? "");
  });

  test("goes by the JPEG that is made, however the samples came to it, else by the samples", async () => {
    const page = await picture(300, 200, 3).raw().toBuffer();
    const shown = () => sharp(page, { raw: { width: 300, height: 200, channels: 3 } });
    const png = await shown().png().toBuffer();
    const files = [
      png,
      await shown().png({ progressive: true }).toBuffer(),
      await shown().ensureAlpha().png().toBuffer(),
      await shown().tiff({ compression: "none" }).toBuffer(),
      bmp(300, 200, page),
    ];
    for (const policy of ["optimize", "jpeg"] as const) {
      const made = await Promise.all(files.map((file) => normalizeImage(file, { ...OPTIMIZE, policy })));
      expect(new Set(made.map(({ format }) => format))).toEqual(new Set(["jpeg"]));
      expect(new Set(made.map(({ identify }) => identify?.())).size).toBe(1);
      const again = await normalizeImage(png, { ...OPTIMIZE, policy, preview: true }); // with its samples held
      expect(again.identify?.()).toBe(made[0]?.identify?.() ?? "");
      // The JPEG itself is another file, of which readers may see other samples.
      expect(await identityOf(made[0]?.encoded ?? png)).not.toBe(made[0]?.identify?.() ?? "");
    }
    // Kept, for no JPEG is smaller: another shade is another page, though the JPEG of both may be one.
    const flat = async (shade: number, compressionLevel: number) => {
      const image = shown().linear(0, 200).removeAlpha();
      const data = await image.raw().toBuffer();
      data[0] = shade;
      const kept = sharp(data, { raw: { width: 300, height: 200, channels: 3 } });
      return identityOf(await kept.png({ compressionLevel }).toBuffer());
    };
    expect(await flat(201, 9)).toBe((await flat(201, 6)) ?? "");
    expect(await flat(201, 9)).not.toBe((await flat(200, 9)) ?? "");
  });

  test("is nothing that a file which Pillow does not open has: it stands in for no good one", async () => {
    const good = await picture(300, 200, 3).png().withMetadata({ density: 300 }).toBuffer();
    const bad = Buffer.from(good);
    const at = bad.indexOf("pHYs") + 13; // its checksum
    bad.writeUInt32BE(bad.readUInt32BE(at) ^ 1, at);
    expect(await refused(bad)).toBe("damaged PNG: the checksum of its chunk pHYs is wrong");
    for (const policy of ["preserve", "optimize", "jpeg"] as const) {
      const terms = { ...OPTIMIZE, policy, verify: "header" } as const;
      expect(await normalizeImage(bad, terms)).toMatchObject({ identify: undefined, verified: false });
    }
  });

  test("goes by the coded data of a JPEG, without its metadata", async () => {
    const jpeg = await picture(50, 40, 3).jpeg().toBuffer();
    const plain = await identityOf(jpeg);
    const described = await sharp(jpeg)
      .metadata()
      .then(() =>
        Buffer.concat([
          jpeg.subarray(0, 2),
          Buffer.from([0xff, 0xfe, 0, 6, 1, 2, 3, 4]),
          jpeg.subarray(2),
          Buffer.from("behind the end"),
        ]),
      );
    expect(await identityOf(described)).toBe(plain ?? "");
    expect(await identityOf(await sharp(jpeg).png().toBuffer())).not.toBe(plain ?? "");
    expect(await identityOf(await picture(50, 40, 3).jpeg({ quality: 79 }).toBuffer())).not.toBe(plain ?? "");
    expect(await identityOf(await picture(50, 40, 3).jpeg().withIccProfile("p3").toBuffer())).not.toBe(
      plain ?? "",
    );
  });
});

test("orientation is taken from EXIF where readers take it", async () => {
  const jpeg = await picture(60, 40).jpeg().toBuffer();
  const withExif = (...entries: number[][]) => {
    const head = [...Buffer.from("Exif\0\0II*\0"), 8, 0, 0, 0, entries.length, 0];
    const block = Buffer.from([...head, ...entries.flat(), 0, 0, 0, 0]);
    const length = block.length + 2;
    return Buffer.concat([jpeg.subarray(0, 2), Buffer.of(0xff, 0xe1, 0, length), block, jpeg.subarray(2)]);
  };
  const orientation = (type: number) => [0x12, 1, type, 0, 1, 0, 0, 0, 6, 0, 0, 0];
  const beyond = (type: number, count: number) => [0x1a, 1, type, 0, count, 0, 0, 0, 0x60, 0xea, 0, 0];
  const found = async (bytes: Uint8Array) =>
    (await normalizeImage(bytes, { ...OPTIMIZE, policy: "preserve" })).orientation;
  expect(await found(withExif(orientation(3)))).toBe(6);
  expect(await found(withExif(orientation(4)))).toBe(6);
  for (const bytes of [1, 7]) expect(await found(withExif(orientation(bytes)))).toBeNull();
  expect(await found(withExif(beyond(2, 200), orientation(3)))).toBe(6); // more text than there is: left out
  expect(await found(withExif(beyond(5, 1), orientation(3)))).toBeNull(); // the directory ends where it leads outside
});

describe("the small picture", () => {
  const joined = async () => {
    const pages = await Promise.all([gradient(1).png().toBuffer(), gradient(2).png().toBuffer()]);
    return sharp(pages, { join: { animated: true } });
  };
  /** Shades that a shrunk picture still shows. */
  const gradient = (seed: number) => {
    const [width, height] = [180, 90];
    const data = Buffer.from(
      Array.from({ length: width * height * 3 }, (_, at) => {
        const [x, y] = [Math.floor(at / 3) % width, Math.floor(at / 3 / width)];
        return [x, y * 2, 40 * seed][at % 3] ?? 0;
      }),
    );
    return sharp(data, { raw: { width, height, channels: 3 } });
  };
  const files: Record<string, () => Promise<Buffer>> = {
    jpeg: () => gradient(1).jpeg({ quality: 95 }).withMetadata({ orientation: 6 }).toBuffer(),
    "a JPEG with a remark": async () => {
      const jpeg = await gradient(1).jpeg({ quality: 95 }).toBuffer();
      return Buffer.concat([jpeg.subarray(0, -2), Buffer.of(1, 2, 3), jpeg.subarray(-2)]);
    },
    png: () => gradient(1).png().toBuffer(),
    "16 bits": () => gradient(1).toColourspace("rgb16").png().toBuffer(),
    webp: () => gradient(1).webp({ quality: 95 }).toBuffer(),
    avif: () => gradient(1).avif({ effort: 0, quality: 90 }).toBuffer(),
    tiff: () => gradient(1).tiff({ compression: "lzw" }).toBuffer(),
    "frames of GIF": async () => (await joined()).gif().toBuffer(),
    "frames of WebP": async () => (await joined()).webp({ quality: 95 }).toBuffer(),
    "pages of TIFF": async () => (await joined()).tiff({ compression: "lzw" }).toBuffer(),
    bmp: async () => bmp(180, 90, await gradient(1).raw().toBuffer()),
  };
  test.each(Object.entries(files))(
    "of %s is there without a second decode, if asked for",
    async (_, make) => {
      const expected = await gradient(1).resize(20, 10, { fit: "fill" }).raw().toBuffer();
      const bytes = await make();
      for (const policy of ["preserve", "optimize", "jpeg"] as const) {
        const decodes: number[] = [];
        const counting = async (preview: boolean) => {
          let count = 0;
          const counted = <T>(work: () => Promise<T>) => {
            count += 1;
            return work();
          };
          const gate = {
            ...OPEN_GATE,
            run: <T>(_: number, work: () => Promise<T>) => counted(work),
            alone: counted,
          };
          const image = await normalizeImage(bytes, { ...OPTIMIZE, policy, gate, preview });
          decodes.push(count);
          return image;
        };
        expect((await counting(false)).preview).toBeUndefined();
        const { preview } = await counting(true);
        expect(decodes[0]).toBe(decodes[1] ?? 0);
        expect(preview).toMatchObject({ width: 20, height: 10, depth: "uchar" });
        const { data = [], channels = 0 } = preview ?? {};
        const shown = expected.map((_, at) => data[Math.floor(at / 3) * channels + (at % 3)] ?? 0);
        const apart = expected.reduce((sum, value, at) => sum + Math.abs(value - (shown[at] ?? 0)), 0);
        expect(apart / expected.length).toBeLessThan(8);
      }
    },
  );

  test("is not there where nothing is decoded", async () => {
    const jpeg = await picture().jpeg().toBuffer();
    const image = await normalizeImage(jpeg, { ...OPTIMIZE, verify: "header", preview: true });
    expect(image.preview).toBeUndefined();
  });
});
