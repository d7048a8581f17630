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

/** Whether every list of the record shows what its elements are. */
export function isFullRecord({ boxes, questions }: PageRecord, expected: Expected): boolean {
  const answers = questions.flatMap(({ answers }) => answers);
  return (!expected.regions || boxes.length > 0) && (!expected.questions || answers.length > 0);
}
