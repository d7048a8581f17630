import { boundsOf } from "../../schema/labels/region.ts";
import { asFloat, asFloats } from "./float-json.ts";
import { pageName, type SamplePage } from "./pages.ts";
import type { Expected } from "./writer.ts";

/**
 * What the record of a page says, besides its image: `image` (its name), `width` and `height`; `boxes` and `regions` in
 * pixels of the upright page; `questions`; and `row`, the row's own columns as one JSON text. Every record has the same keys
 * and types, and no nulls: readers take the types from the first records.
 */
export function pageRecord({ sample, page, image, regions, questions }: SamplePage) {
  return {
    sample: sample.index,
    page,
    image: pageName(image),
    width: image.width,
    height: image.height,
    boxes: regions.map(({ polygon, text, category }) => {
      const { x1, y1, x2, y2 } = boundsOf(polygon);
      return { xyxy: asFloats([x1, y1, x2, y2]), text: text ?? "", category: category ?? "" };
    }),
    regions: regions.map(({ polygon, text, category, order, group }, at) => ({
      polygon: polygon.map(asFloats),
      text: text ?? "",
      category: category ?? "",
      order: asFloat(order ?? at),
      group: group ?? "",
    })),
    questions: questions.map(({ question, answers }) => ({ question, answers })),
    row: rowText(sample.row()),
  };
}

export type PageRecord = ReturnType<typeof pageRecord>;

function rowText(columns: [name: string, json: string][]): string {
  return `{${columns.map(([name, json]) => `${JSON.stringify(name)}:${json}`).join(",")}}`;
}

const REGIONS = 1;
const QUESTIONS = 2;

/** The lists of records that may be empty, as bits. */
export function wantedLists({ regions, questions }: Expected): number {
  return (regions ? REGIONS : 0) | (questions ? QUESTIONS : 0);
}

/** Those that show in a record what their elements are. */
export function filledLists({ boxes, questions }: PageRecord): number {
  const hasAnswers = questions.some(({ answers }) => answers.length > 0);
  return (boxes.length > 0 ? REGIONS : 0) | (hasAnswers ? QUESTIONS : 0);
}
