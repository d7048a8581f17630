import { createCategories, NO_CATEGORY } from "../categories.ts";
import { clockwise } from "../clockwise.ts";
import { countCharacters, dropPage } from "../counts.ts";
import { createMarks, markText } from "../marks.ts";
import { pagesOf, type SamplePage } from "../pages.ts";
import type { Sample, SampleRegion } from "../sample.ts";
import type { SampleWriter, SampleWriterOptions, TextFile } from "../writer.ts";
import { createRecognition } from "./paddle-recognition.ts";

/** What OpenCV opens. */
const TAKEN = ["jpeg", "png", "webp", "tiff", "bmp"];
/** A region that is not to be read. */
const IGNORED = "###";
/** The class of whatever is no field. */
const OTHER = "OTHER";

type Placed = SampleRegion & { points: [x: number, y: number][] };

/**
 * `det_<part>.txt`, `rec_<part>.txt` with its crops in `rec/`, `kie_<part>.txt`, the `dict.txt` of all letters and the
 * `class_list.txt` of all categories, for PaddleOCR. It never fails for a line that it cannot use but takes another one in its
 * place: such lines are left out.
 */
export async function openPaddleWriter(options: SampleWriterOptions): Promise<SampleWriter> {
  const { counter, images } = options;
  const categories = createCategories([OTHER, ...options.categories.map(classOf)]);
  const recognition = createRecognition(options);
  const files = new Map<string, Promise<TextFile>>();
  const seen = createMarks();
  const add = async (name: string, line: string) => {
    const file = files.get(name) ?? options.createFile(name);
    files.set(name, file);
    await (await file).text(`${line}\n`);
  };
  const writePage = async (split: string, page: SamplePage) => {
    const placed: Placed[] = [];
    for (const region of page.regions) {
      const points = clockwise(region.polygon);
      if (points !== undefined) placed.push({ ...region, points });
      else {
        const characters = countCharacters(region.text);
        counter.drop("a box has no area", page.sample, { regions: 1, characters });
      }
    }
    if (placed.length === 0) {
      const why = "the page has no boxes, for which PaddleOCR takes another page";
      return dropPage(counter, { ...page, regions: [] }, why);
    }
    const known = seen.count();
    const isAgain = seen.idOf(markText(page.image.hash)) < known;
    if (isAgain) counter.change("pages in several lines, since several rows are of them");
    const name = await images.place(page.image, "images", { taken: TAKEN });
    for (const { text } of placed)
      if (!text) counter.change(`regions without a text, as ${IGNORED}, on which PaddleOCR does not train`);
    const det = placed.map(({ text, points }) => ({ transcription: text || IGNORED, points }));
    await add(`det_${split}.txt`, `${name}\t${JSON.stringify(det)}`);
    const read = placed.filter(({ text }) => text !== null && text !== "");
    if (read.length > 0) {
      const kie = read.map(({ text, category, points }, id) => {
        const label = classOf(category ?? NO_CATEGORY);
        categories.numberOf(label);
        return { transcription: text, label, points, id, linking: [] };
      });
      await add(`kie_${split}.txt`, `${name}\t${JSON.stringify(kie)}`);
    }
    await recognition.add(page, read, (line) => add(`rec_${split}.txt`, line));
  };
  return {
    write: async (sample: Sample) => {
      for (const page of pagesOf(sample)) await writePage(sample.split, page);
    },
    finish: async () => {
      await recognition.finish();
      const list = await options.createFile("class_list.txt");
      await list.text(
        categories
          .names()
          .map((name) => `${name}\n`)
          .join(""),
      );
    },
  };
}

/** As PaddleOCR compares them. */
function classOf(category: string): string {
  return category.toUpperCase().replace(/[\r\n\t]+/g, " ");
}
