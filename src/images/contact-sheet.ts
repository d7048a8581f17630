import { type Canvas, type Colour, drawDigits, drawPolygon } from "./draw.ts";
import { loadSharp } from "./sharp.ts";
import { sniffFormat } from "./sniff.ts";
import { toPng } from "./upright.ts";

/** A page with its regions, in pixels of the page. */
export interface SheetPage {
  bytes: Uint8Array;
  width: number;
  height: number;
  regions: readonly { polygon: readonly (readonly [x: number, y: number])[]; colour: Colour }[];
}

/** Maximum size of a page on the sheet, and the gap between pages. */
const CELL = { width: 900, height: 1200 };
const GAP = 16;
const COLUMNS = 3;
const PAPER = 90;

/**
 * A grid of pages with their regions drawn and numbered from 1, as one JPEG, to check coordinates by eye.
 * Decodes one page at a time. Throws `invalid_input`.
 */
export async function drawContactSheet(pages: readonly SheetPage[]): Promise<Uint8Array> {
  const sharp = await loadSharp();
  const columns = Math.min(COLUMNS, pages.length);
  const rows = Math.ceil(pages.length / columns);
  const width = columns * (CELL.width + GAP) + GAP;
  const height = rows * (CELL.height + GAP) + GAP;
  const sheet: Canvas = { data: Buffer.alloc(width * height * 3, PAPER), width, height };
  for (const [at, page] of pages.entries()) {
    const drawn = await drawPage(page);
    const left = GAP + (at % columns) * (CELL.width + GAP);
    const top = GAP + Math.floor(at / columns) * (CELL.height + GAP);
    for (let row = 0; row < drawn.height; row++) {
      const from = row * drawn.width * 3;
      const to = ((top + row) * width + left) * 3;
      drawn.data.copy(sheet.data, to, from, from + drawn.width * 3);
    }
  }
  return sharp(sheet.data, { raw: { width, height, channels: 3 } })
    .jpeg({ quality: 85, chromaSubsampling: "4:4:4" })
    .toBuffer();
}

async function drawPage({ bytes, width, height, regions }: SheetPage): Promise<Canvas> {
  const sharp = await loadSharp();
  const readable = sniffFormat(bytes) === "bmp" ? await toPng(bytes) : bytes;
  const { data, info } = await sharp(readable, { limitInputPixels: false })
    .resize({ ...CELL, fit: "inside" })
    .flatten({ background: "white" })
    .toColourspace("srgb")
    .removeAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true });
  const canvas = { data, width: info.width, height: info.height };
  const [scaleX, scaleY] = [info.width / width, info.height / height];
  for (const [at, { polygon, colour }] of regions.entries()) {
    const points = polygon.map(([x, y]) => [x * scaleX, y * scaleY] as const);
    drawPolygon(canvas, points, colour);
    const [x, y] = points[0] ?? [0, 0];
    drawDigits(canvas, String(at + 1), { x, y }, colour);
  }
  return canvas;
}
