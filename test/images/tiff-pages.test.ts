import { describe, expect, test } from "bun:test";
import sharp, { type TiffOptions } from "sharp";
import { tiffPages } from "../../src/images/tiff-pages.ts";
import { bytesAsSource } from "../../src/images/tiff-source.ts";

const [WIDTH, HEIGHT, PAGES] = [96, 70, 3];

/** Pages of stripes that differ from each other. */
async function paged(options: TiffOptions, count = PAGES): Promise<Uint8Array> {
  const rows = HEIGHT * count;
  const data = Buffer.from(
    Array.from({ length: WIDTH * rows }, (_, at) => {
      const [x, y] = [at % WIDTH, Math.floor(at / WIDTH)];
      const page = Math.floor(y / HEIGHT);
      return (x + y * (page + 1)) % (12 + page) < 6 ? 255 : 0;
    }),
  );
  const raw = { width: WIDTH, height: rows, channels: 1 as const, pageHeight: HEIGHT };
  return sharp(data, { raw }).toColourspace("b-w").tiff(options).toBuffer();
}

async function pixels(bytes: Uint8Array, page = 0) {
  const { data, info } = await sharp(bytes, { page }).raw().toBuffer({ resolveWithObject: true });
  return { digest: Bun.hash(data), width: info.width, height: info.height, channels: info.channels };
}

const KINDS: Record<string, TiffOptions> = {
  none: { compression: "none" },
  lzw: { compression: "lzw", predictor: "horizontal" },
  deflate: { compression: "deflate" },
  "fax of group 4": { compression: "ccittfax4", bitdepth: 1 },
  jpeg: { compression: "jpeg", quality: 80 },
  tiles: { compression: "deflate", tile: true, tileWidth: 32, tileHeight: 32 },
  BigTIFF: { compression: "lzw", bigtiff: true },
};

describe("the pages of a TIFF", () => {
  for (const [name, options] of Object.entries(KINDS)) {
    test(`are cut out without loss: ${name}`, async () => {
      const file = await paged(options);
      const pages = tiffPages(bytesAsSource(file));
      expect(pages.count).toBe(PAGES);
      const seen = new Set<unknown>();
      for (let page = 1; page <= PAGES; page++) {
        const cut = pages.cut(page);
        expect(await pixels(cut.bytes)).toEqual(await pixels(file, page - 1));
        expect((await sharp(cut.bytes).metadata()).pages).toBe(1);
        seen.add((await pixels(cut.bytes)).digest);
      }
      expect(seen.size).toBe(PAGES);
    });
  }

  test("hold the coded bytes of the file, not other ones", async () => {
    const file = await paged({ compression: "ccittfax4", bitdepth: 1 });
    const { bytes } = tiffPages(bytesAsSource(file)).cut(2);
    const coded = Buffer.from(bytes).subarray(-20, -2);
    expect(Buffer.from(file).includes(coded)).toBe(true);
  });

  test("take as many reads each, however many there are", async () => {
    const readsOf = async (count: number) => {
      const source = bytesAsSource(await paged({ compression: "ccittfax4", bitdepth: 1 }, count));
      let reads = 0;
      let bytes = 0;
      const pages = tiffPages({
        size: source.size,
        read: (at, length) => {
          reads++;
          bytes += length;
          return source.read(at, length);
        },
      });
      expect(pages.count).toBe(count);
      for (let page = 1; page <= count; page++) pages.cut(page);
      return { reads: reads / count, bytes: bytes / source.size };
    };
    const [few, many] = [await readsOf(10), await readsOf(1000)];
    expect(many.reads).toBeLessThanOrEqual(few.reads * 1.1);
    expect(many.bytes).toBeLessThanOrEqual(few.bytes * 1.1);
  });

  test("are refused one by one where the file ends before their samples", async () => {
    const file = await paged({ compression: "none" });
    const pages = tiffPages(bytesAsSource(file.subarray(0, file.length - 8)));
    expect(() => tiffPages(bytesAsSource(new Uint8Array(4)))).toThrow("damaged TIFF");
    const reasons = Array.from({ length: pages.count }, (_, at) => {
      try {
        return pages.cut(at + 1).format;
      } catch (error) {
        return error instanceof Error ? error.message : "";
      }
    });
    expect(reasons.filter((reason) => reason === "tiff").length).toBeGreaterThan(0);
    expect(() => pages.cut(9)).toThrow("page 9 cannot be taken out");
  });
});
