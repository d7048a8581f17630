import { expect, test } from "bun:test";
import { blockLoaders, loadSharp } from "../../src/images/sharp.ts";
import { picture } from "./samples.ts";

test("SVG is never parsed, whatever asks for it", async () => {
  const sharp = await loadSharp();
  const svg = Buffer.from(
    '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect width="9" height="9"/></svg>',
  );
  const refused = await sharp(svg)
    .metadata()
    .catch(() => "refused");
  expect(refused).toBe("refused");
});

test("a worker that sets libvips up refuses no image to the others meanwhile", async () => {
  const sharp = await loadSharp();
  const jpeg = await picture(200, 200).jpeg().toBuffer();
  const work = Array.from({ length: 400 }, () => sharp(jpeg).metadata());
  for (let at = 0; at < 2000; at++) blockLoaders(sharp);
  const sizes = await Promise.all(work);
  expect(new Set(sizes.map(({ width }) => width))).toEqual(new Set([200]));
});
