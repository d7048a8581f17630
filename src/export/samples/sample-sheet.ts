import { drawContactSheet } from "../../images/contact-sheet.ts";
import type { Colour } from "../../images/draw.ts";
import { markText } from "./marks.ts";
import { pageName, pagesOf, type SamplePage } from "./pages.ts";
import type { Sample } from "./sample.ts";
import type { SampleWriterOptions } from "./writer.ts";

/** Within the folder of an output for what no trainer reads. */
const SHEET = ".datalake/sample-images.jpg";
const LEGEND = ".datalake/sample-images.json";

/** Easy to tell apart, on white paper too; then they come again. */
const COLOURS: readonly (readonly [name: string, ...colour: Colour])[] = [
  ["red", 215, 35, 40],
  ["blue", 30, 90, 200],
  ["green", 20, 140, 60],
  ["orange", 225, 115, 0],
  ["purple", 130, 50, 160],
  ["teal", 0, 140, 140],
  ["brown", 130, 80, 40],
  ["pink", 220, 80, 150],
  ["olive", 120, 120, 0],
  ["grey", 90, 90, 90],
];

interface Chosen {
  key: bigint;
  page: SamplePage;
}

/**
 * Keeps a few pages of an output, those with regions first, the same for the same rows; draws them at the end, with a legend
 * beside: the colour of each category, and the texts by their numbers.
 */
export function createSampleSheet(
  count: number,
  options: Pick<SampleWriterOptions, "images" | "createFile">,
) {
  let chosen: Chosen[] = [];
  return {
    add: (sample: Sample) => {
      if (count === 0) return;
      for (const page of pagesOf(sample)) {
        const key = markText(`${sample.index}/${page.page}`);
        chosen.push({ key, page: { ...page, sample: { ...sample, row: () => [] } } });
      }
      if (chosen.length > count * 2) chosen = best(chosen, count);
    },
    finish: async () => {
      const pages = best(chosen, count).map(({ page }) => page);
      if (pages.length === 0) return;
      pages.sort((a, b) => a.sample.index - b.sample.index || a.page - b.page);
      const categories = [
        ...new Set(pages.flatMap(({ regions }) => regions.map(({ category }) => category ?? ""))),
      ].sort();
      const colourOf = (category: string | null) =>
        COLOURS[categories.indexOf(category ?? "") % COLOURS.length] ?? ["grey", 90, 90, 90];
      const drawn = [];
      for (const { image, regions } of pages) {
        const bytes = await options.images.read(image);
        const shown = regions.map(({ polygon, category }) => {
          const [, ...colour] = colourOf(category);
          return { polygon, colour };
        });
        drawn.push({ bytes, width: image.width, height: image.height, regions: shown });
      }
      const sheet = await options.createFile(SHEET);
      await sheet.write([await drawContactSheet(drawn)]);
      const legend = await options.createFile(LEGEND);
      const colours = Object.fromEntries(categories.map((name) => [name, colourOf(name)[0]]));
      await legend.text(`${JSON.stringify({ categories: colours, pages: pages.map(describe) }, null, 2)}\n`);
    },
  };
}

/** Of the smallest keys, with regions before those without. */
function best(chosen: readonly Chosen[], count: number): Chosen[] {
  const isEmpty = ({ page }: Chosen) => (page.regions.length === 0 ? 1 : 0);
  return chosen.toSorted((a, b) => isEmpty(a) - isEmpty(b) || (a.key < b.key ? -1 : 1)).slice(0, count);
}

function describe({ image, regions, sample }: SamplePage) {
  return {
    page: pageName(image),
    where: sample.where,
    regions: regions.map(({ category, text }, at) => ({ number: at + 1, category, text })),
  };
}
