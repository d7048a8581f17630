import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { AppError, throwIfCancelled } from "../errors.ts";
import type { LabelRow } from "../export/label-rows.ts";
import { drawContactSheet, type SheetPage } from "../images/contact-sheet.ts";
import type { Colour } from "../images/draw.ts";
import { turnUpright } from "../images/upright.ts";
import { exists, removeTree } from "../lake/files.ts";
import { moveToFree, tempBeside } from "../lake/replace.ts";
import type { Reading } from "../schema/labels/detect/sample.ts";
import { compileView } from "../schema/labels/read-label.ts";
import { boundsOf, type Page, type Region } from "../schema/labels/region.ts";
import { readRowLabel } from "../schema/labels/row-label.ts";

/** Pages as each reading of their labels sees them, for a person to judge. */
export interface SheetWishes {
  /** How many pages. */
  count: number;
  /** A new folder, which gets `reading-1.jpg`, `reading-2.jpg`... Absolute. */
  folder: string;
}

interface SheetTools {
  readAsset(path: string): Promise<Uint8Array>;
  signal: AbortSignal;
}

/** A sampled page with the regions that each reading finds on it. */
interface ReadPage {
  path: string;
  page: Page;
  regions: Region[][];
}

const RED: Colour = [215, 35, 40];

/** The same pages for each reading, those first that tell them best apart. Throws `conflict` if the folder exists. */
export async function writeReadingSheets(
  readings: readonly Reading[],
  rows: readonly LabelRow[],
  { count, folder }: SheetWishes,
  { readAsset, signal }: SheetTools,
): Promise<string[]> {
  if (await exists(folder))
    throw new AppError("conflict", `${folder} exists; remove it, or choose another --output`);
  const pages = choosePages(readings, rows, count);
  if (pages.length === 0)
    throw new AppError("not_found", "no sampled row with regions has an image to draw them on");
  const images: Uint8Array[] = [];
  for (const { path } of pages) {
    throwIfCancelled(signal);
    images.push(await turnUpright(await readAsset(path)));
  }
  const temp = tempBeside(folder);
  const names = readings.map((_, at) => `reading-${at + 1}.jpg`);
  try {
    await mkdir(temp, { recursive: true });
    for (const [at, name] of names.entries()) {
      throwIfCancelled(signal);
      const drawn = pages.map(({ page, regions }, index): SheetPage => {
        const shown = (regions[at] ?? []).map(({ polygon }) => ({ polygon, colour: RED }));
        return {
          bytes: images[index] ?? new Uint8Array(),
          width: page.width,
          height: page.height,
          regions: shown,
        };
      });
      await writeFile(join(temp, name), await drawContactSheet(drawn));
    }
    await moveToFree(temp, folder);
  } catch (error) {
    await removeTree(temp);
    throw error;
  }
  return names.map((name) => join(folder, name));
}

function choosePages(readings: readonly Reading[], rows: readonly LabelRow[], count: number): ReadPage[] {
  const readers = readings.map(({ full }) => ({ full, read: compileView(full) }));
  const found = new Map<string, ReadPage & { differ: number }>();
  for (const { path, page, cells } of rows) {
    if (path === null || page === null || found.has(path)) continue;
    const regions = readers.map(({ full, read }) => {
      const label = readRowLabel(cells, full);
      return label !== undefined && "label" in label ? read(label.label, page).regions : [];
    });
    if (regions.every((of) => of.length === 0)) continue;
    found.set(path, { path, page, regions, differ: differenceOf(regions) });
  }
  return [...found.values()].sort((a, b) => b.differ - a.differ).slice(0, count);
}

/** Pixels by which regions are placed apart; without another reading, how many there are. */
function differenceOf([first = [], ...others]: readonly Region[][]): number {
  if (others.length === 0) return first.length;
  let sum = 0;
  for (const other of others) {
    for (const [at, region] of first.entries()) {
      const [a, b] = [boundsOf(region.polygon), boundsOf(other[at]?.polygon ?? [])];
      const apart = Math.abs(a.x2 - b.x2) + Math.abs(a.y2 - b.y2) + Math.abs(a.x1 - b.x1);
      sum += Number.isFinite(apart) ? apart : 1;
    }
  }
  return sum;
}
