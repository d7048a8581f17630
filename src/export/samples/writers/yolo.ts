import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { systemCode } from "../../../errors.ts";
import { hashBytes } from "../../../lake/digest.ts";
import { boundsOf } from "../../../schema/labels/region.ts";
import { createCategories, NO_CATEGORY } from "../categories.ts";
import { countCharacters, dropPage } from "../counts.ts";
import { pagesOf, type SamplePage } from "../pages.ts";
import type { Sample, SampleRegion } from "../sample.ts";
import type { SampleWriter, SampleWriterOptions } from "../writer.ts";

/** What ultralytics takes of our formats; it passes over files of others. */
const TAKEN = ["jpeg", "png", "webp", "tiff", "bmp"];
/** Smaller pages are left out by it. */
const LEAST_SIDE = 10;

/**
 * `images/<part>/`, `labels/<part>/` and `data.yaml`, without `path`: then the folder of that file is the root, wherever it is
 * moved. A page without boxes has an empty file; a page of several rows has the boxes of all of them.
 */
export async function openYoloWriter(options: SampleWriterOptions): Promise<SampleWriter> {
  const { counter, folder, images } = options;
  const categories = createCategories(options.categories);
  const splits = new Set<string>();
  const writePage = async (split: string, page: SamplePage) => {
    const { image, sample } = page;
    if (Math.min(image.width, image.height) < LEAST_SIDE)
      return dropPage(counter, page, `the page has a side below ${LEAST_SIDE} pixels`);
    if (!splits.has(split)) {
      await mkdir(join(folder, "labels", split), { recursive: true });
      splits.add(split);
    }
    const name = await images.place(image, `images/${split}`, { taken: TAKEN });
    const path = join(
      folder,
      "labels",
      split,
      `${name
        .split("/")
        .at(-1)
        ?.replace(/\.\w+$/, "")}.txt`,
    );
    const lines = new Set(await readKnown(path));
    for (const region of page.regions) {
      const line = lineOf(region, image, categories.numberOf(region.category ?? NO_CATEGORY));
      const lose = (reason: string) =>
        counter.drop(reason, sample, { regions: 1, characters: countCharacters(region.text) });
      if (line === undefined) lose("a box is thinner than YOLO's six digits tell");
      else if (lines.has(line)) lose("the same box of the same category stands there twice");
      else {
        lines.add(line);
        const characters = countCharacters(region.text);
        if (characters > 0) counter.drop("YOLO has no texts", sample, { characters });
      }
    }
    await writeFile(path, [...lines].map((line) => `${line}\n`).join(""));
  };
  return {
    write: async (sample: Sample) => {
      for (const page of pagesOf(sample)) await writePage(sample.split, page);
    },
    finish: async () => {
      for (const split of splits) await listLabels(options, `labels/${split}`);
      const file = await options.createFile("data.yaml");
      const known = categories.names();
      const names = known.length === 0 ? [NO_CATEGORY] : known; // it wants a class at least
      await file.text(dataYaml([...splits], names));
      if (splits.size === 0) return;
      if (!splits.has("train"))
        counter.note("there is no part train: data.yaml trains on the first part; see --split");
      if (!splits.has("val"))
        counter.note("there is no part val: data.yaml validates on the first part; see --split");
    },
  };
}

/** `class cx cy w h`, parts of the page; undefined for a box of which nothing is left by the digits. */
function lineOf(region: SampleRegion, page: { width: number; height: number }, number: number) {
  const { x1, y1, x2, y2 } = boundsOf(region.polygon);
  const [cx, cy] = [(x1 + x2) / 2 / page.width, (y1 + y2) / 2 / page.height];
  const [w, h] = [(x2 - x1) / page.width, (y2 - y1) / page.height].map((side) => side.toFixed(6));
  if (Number(w) === 0 || Number(h) === 0) return undefined;
  return `${number} ${cx.toFixed(6)} ${cy.toFixed(6)} ${w} ${h}`;
}

/** The lines that an earlier row of the page has left. */
async function readKnown(path: string): Promise<string[]> {
  try {
    return (await readFile(path, "utf8")).split("\n").filter((line) => line !== "");
  } catch (error) {
    if (systemCode(error) === "ENOENT") return [];
    throw error;
  }
}

async function listLabels({ folder, listFile }: SampleWriterOptions, within: string): Promise<void> {
  for (const entry of (await readdir(join(folder, within))).sort()) {
    const bytes = await readFile(join(folder, within, entry));
    await listFile({ name: `${within}/${entry}`, bytes: bytes.length, sha256: hashBytes(bytes) });
  }
}

/** A JSON string is a YAML string. */
function dataYaml(splits: readonly string[], names: readonly string[]): string {
  const [first = "train"] = splits;
  const [train, val] = ["train", "val"].map((name) => (splits.includes(name) ? name : first));
  const others = splits.filter((name) => name !== train && name !== val);
  const lines = [`train: images/${train}`, `val: images/${val}`];
  for (const name of others) lines.push(`${JSON.stringify(name)}: images/${name}`);
  lines.push("names:", ...names.map((name, at) => `  ${at}: ${JSON.stringify(name)}`));
  return `${lines.join("\n")}\n`;
}
