import type { Answer } from "../../../schema/prompts.ts";
import { countLeftOut } from "../conversation.ts";
import { type Counter, dropPage } from "../counts.ts";
import { openJsonLines } from "../json-lines.ts";
import { createMarks, markText } from "../marks.ts";
import { pagesOf, type SamplePage } from "../pages.ts";
import type { Sample, SampleImage, SampleRegion } from "../sample.ts";
import type { SampleWriter, SampleWriterOptions } from "../writer.ts";
import { PILLOW } from "./ms-swift.ts";

/** A line of the metadata, which may grow by the next row. */
interface Line {
  split: string;
  image: SampleImage;
  parses: unknown[];
}

/**
 * `<part>/metadata.jsonl` beside the images of the part: a Hugging Face imagefolder, whose `ground_truth` is a JSON text with
 * `gt_parse`, or `gt_parses` where a page has several questions or rows. By reference images are symbolic links: readers
 * refuse paths that lead out of the folder. Each line has a file of its own: older readers keep one line of each.
 */
export async function openDonutWriter(options: SampleWriterOptions): Promise<SampleWriter> {
  const { counter, images, prompt } = options;
  const lines = openJsonLines(
    options,
    (split) => `${split}/metadata.jsonl`,
    () => true,
  );
  const files = createMarks();
  const uses = new Map<number, number>();
  let open: Line | undefined;
  const close = async () => {
    if (open === undefined) return;
    const { split, image, parses } = open;
    open = undefined;
    const known = files.count();
    const id = files.idOf(markText(`${split}/${image.hash}`));
    const use = id < known ? (uses.get(id) ?? 1) + 1 : 1;
    if (use > 1) uses.set(id, use);
    const suffix = use === 1 ? "" : `-${use}`;
    const name = await images.place(image, split, { taken: PILLOW, suffix });
    const truth = parses.length === 1 ? { gt_parse: parses[0] } : { gt_parses: parses };
    const row = { file_name: name.slice(split.length + 1), ground_truth: JSON.stringify(truth) };
    await lines.add(split, row);
  };
  return {
    write: async (sample: Sample) => {
      const answer = prompt?.answer ?? (sample.questions.length > 0 ? "vqa" : "ocr");
      countLeftOut(sample, answer, counter);
      for (const page of pagesOf(sample)) {
        const parses = parsesOf(page, answer, counter);
        if (parses.length === 0) {
          // Of a row without any the pages are counted already.
          const isAsked = sample.questions.some(({ answers }) => answers[0] !== undefined);
          if (isAsked)
            dropPage(counter, { ...page, regions: [] }, "questions are on the first page of a row");
          continue;
        }
        const isSame = open?.image.hash === page.image.hash && open.split === sample.split;
        if (!isSame) await close();
        if (isSame) open?.parses.push(...parses);
        else open = { split: sample.split, image: page.image, parses };
      }
    },
    finish: async () => {
      await close();
      await lines.finish();
    },
  };
}

function parsesOf({ regions, questions }: SamplePage, answer: Answer, counter: Counter): unknown[] {
  switch (answer) {
    case "vqa":
      return questions.flatMap(({ question, answers: [first] }) =>
        first === undefined ? [] : [{ question, answer: first }],
      );
    case "text":
      return [{ text_sequence: regions.flatMap(({ text }) => text ?? []).join(" ") }];
    case "kie":
      return [fieldsOf(regions, counter)];
    default:
      return [{ items: regions.map((region) => itemOf(region, answer, counter)) }];
  }
}

function itemOf({ category, text }: SampleRegion, answer: Answer, counter: Counter): Record<string, string> {
  if (answer === "ocr" && text === null) counter.change("regions without a text, as an empty one");
  if (answer === "layout" && category === null) counter.change("regions without a category, as empty items");
  return {
    ...(category !== null && { category }),
    ...(answer === "ocr" && { text: text ?? "" }),
  };
}

/** Texts by their categories, whose names become tokens: `<s_name>`. */
function fieldsOf(regions: readonly SampleRegion[], counter: Counter): Record<string, string | string[]> {
  const fields: Record<string, string | string[]> = {};
  for (const { category, text } of regions) {
    if (category === null || text === null) continue;
    const name = category.replace(/[<>/\s]+/gu, "_");
    if (name !== category) counter.change("names of categories that cannot become tokens");
    const known = Object.hasOwn(fields, name) ? fields[name] : undefined;
    const value = known === undefined ? text : [known, text].flat();
    Object.defineProperty(fields, name, { value, enumerable: true, configurable: true });
  }
  return fields;
}
