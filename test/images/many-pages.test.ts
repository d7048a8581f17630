import { expect, test } from "bun:test";
import { checkImage } from "../../src/images/decode.ts";
import { loadSharp } from "../../src/images/sharp.ts";
import { inspectTiff } from "../../src/images/tiff.ts";
import { directoriesOf, numbersOf, openTiff } from "../../src/images/tiff-tags.ts";

const STRIP_OFFSETS = 273;
const PAGES = 80;

async function manyPages(): Promise<Buffer> {
  const sharp = await loadSharp();
  const page = (level: number) => ({
    create: { width: 32, height: 24, channels: 3 as const, background: { r: level, g: 0, b: 255 - level } },
  });
  const pages = await Promise.all(
    Array.from({ length: PAGES }, (_, index) => sharp(page(index)).png().toBuffer()),
  );
  return sharp(pages, { join: { animated: true } })
    .tiff({ compression: "deflate" })
    .toBuffer();
}

test("every page of a long TIFF is checked, the first one is shown", async () => {
  const tiff = await manyPages();
  const facts = inspectTiff(tiff);
  expect(facts.pages).toBe(PAGES);
  const came = Buffer.from(tiff);
  const shown = await checkImage(tiff, facts);
  expect(Array.from(shown?.data.slice(0, 3) ?? [])).toEqual([0, 0, 255]);
  expect(tiff.equals(came)).toBe(true);
  for (const number of [1, 41, PAGES]) {
    const file = openTiff(Uint8Array.from(tiff));
    const directory = file && Array.from(directoriesOf(file))[number - 1];
    const [at = 0] = file && directory ? numbersOf(file, directory, STRIP_OFFSETS) : [];
    file?.bytes.fill(255, at, at + 8);
    const where = number === 1 ? "" : `page ${number}: `;
    await expect(checkImage(file?.bytes ?? tiff, facts)).rejects.toThrow(where);
  }
});
