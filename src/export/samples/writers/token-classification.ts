import { createReadStream } from "node:fs";
import { Field, Int64, List, Schema, Utf8 } from "apache-arrow";
import { imageType } from "../../../query/arrow/types.ts";
import { boundsOf } from "../../../schema/labels/region.ts";
import { readLines } from "../../../util/lines.ts";
import { createCategories } from "../categories.ts";
import { thousandths } from "../conversation.ts";
import { type Counter, countCharacters } from "../counts.ts";
import { pageName, pagesOf, type SamplePage } from "../pages.ts";
import { openParquetParts, type ParquetParts } from "../parquet-parts.ts";
import type { Sample, SampleImage } from "../sample.ts";
import type { SampleWriter, SampleWriterOptions } from "../writer.ts";
import { PILLOW } from "./ms-swift.ts";

/** A row as it waits for the names of all tags, which stand at the head of the file. */
interface Waiting {
  split: string;
  id: string;
  tokens: string[];
  bboxes: number[][];
  ner_tags: number[];
  image: SampleImage;
}

/**
 * `<part>.parquet`, a row for each page, as LayoutLMv3 and its kin read FUNSD: `tokens` (words, cut at white space),
 * `bboxes` (the region's box for each of its words, thousandths of the page), `ner_tags` (`O`, `B-X`, `I-X`), `image`.
 */
export async function openTokenClassificationWriter(options: SampleWriterOptions): Promise<SampleWriter> {
  const { counter, images } = options;
  const categories = createCategories(options.categories);
  const waiting = await options.createScratch("words");
  let parts: ParquetParts | undefined;
  return {
    write: async (sample: Sample) => {
      for (const page of pagesOf(sample)) {
        const { image } = page;
        const words = wordsOf(page, categories.numberOf, counter);
        const row: Waiting = { split: sample.split, id: pageName(image), ...words, image };
        await waiting.text(`${JSON.stringify(row)}\n`);
      }
    },
    finish: async () => {
      await waiting.close();
      parts = openParquetParts(options, schemaOf(categories.names()));
      for await (const line of readLines(createReadStream(waiting.path))) {
        const { split, id, tokens, bboxes, ner_tags, image } = JSON.parse(line) as Waiting;
        const isInLake = images.mode === "reference" && PILLOW.includes(image.format);
        const bytes = isInLake ? null : await images.read(image, { taken: PILLOW });
        const page = { bytes, path: isInLake ? image.path : pageName(image) };
        const big = bboxes.map((box) => box.map(BigInt));
        const sizeBytes = (bytes?.length ?? 0) + line.length * 2;
        await parts.add(split, [id, tokens, big, ner_tags.map(BigInt), page], sizeBytes);
      }
      await parts.finish();
      if (counter.counts.regions > 0 && categories.names().length === 0)
        counter.note("no region has a category: every tag is O, from which nothing is learned");
    },
    abort: async () => parts?.abort(),
  };
}

function wordsOf(
  { regions, image, sample }: SamplePage,
  numberOf: (category: string) => number,
  counter: Counter,
): Pick<Waiting, "tokens" | "bboxes" | "ner_tags"> {
  const tokens: string[] = [];
  const bboxes: number[][] = [];
  const ner_tags: number[] = [];
  for (const { polygon, text, category } of regions) {
    const words = text?.split(/\s+/u).filter((word) => word !== "") ?? [];
    if (words.length === 0) {
      const characters = countCharacters(text);
      counter.drop("a region has no words", sample, { regions: 1, characters });
      continue;
    }
    const { x1, y1, x2, y2 } = boundsOf(polygon);
    const { width, height } = image;
    const box = thousandths([x1 / width, y1 / height, x2 / width, y2 / height]);
    const first = category === null ? 0 : 1 + 2 * numberOf(category);
    for (const [at, word] of words.entries()) {
      tokens.push(word);
      bboxes.push(box);
      ner_tags.push(first === 0 || at === 0 ? first : first + 1);
    }
  }
  return { tokens, bboxes, ner_tags };
}

/** With the names of the tags: example scripts read the list of labels from it. */
function schemaOf(categories: readonly string[]): Schema {
  const names = ["O", ...categories.flatMap((name) => [`B-${name}`, `I-${name}`])];
  const text = { dtype: "string", _type: "Value" };
  const listFeature = (feature: unknown) => ({ feature, _type: "Sequence" });
  const features = {
    id: text,
    tokens: listFeature(text),
    bboxes: listFeature(listFeature({ dtype: "int64", _type: "Value" })),
    ner_tags: listFeature({ names, _type: "ClassLabel" }),
    image: { _type: "Image" },
  };
  const numbers = new List(new Field("item", new Int64(), true));
  return new Schema(
    [
      new Field("id", new Utf8(), true),
      new Field("tokens", new List(new Field("item", new Utf8(), true)), true),
      new Field("bboxes", new List(new Field("item", numbers, true)), true),
      new Field("ner_tags", numbers, true),
      new Field("image", imageType(), true),
    ],
    new Map([["huggingface", JSON.stringify({ info: { features } })]]),
  );
}
