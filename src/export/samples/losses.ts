import { isBox } from "../../schema/labels/region.ts";
import { formatQuantity } from "../../util/format.ts";
import type { SampleFormat } from "../formats.ts";
import type { Counter } from "./counts.ts";
import type { Sample } from "./sample.ts";
import { createLeakCounter } from "./split-leaks.ts";

/** Counts what a format loses of samples by its nature, and pages that are in several splits by the column `split`. */
export function countLosses(
  { onlyBoxes, hasPrompts, holdsQuestions }: SampleFormat,
  { isSplitByColumn, counter }: { isSplitByColumn: boolean; counter: Counter },
) {
  const leaks = isSplitByColumn ? createLeakCounter() : undefined;
  const lacksQuestions = !hasPrompts && !holdsQuestions;
  return {
    add: (sample: Sample) => {
      leaks?.add(sample);
      const questions = sample.questions.length;
      if (lacksQuestions && questions > 0) counter.drop("the format has no questions", sample, { questions });
      if (!onlyBoxes) return;
      for (const { polygon } of sample.regions) {
        if (!isBox(polygon)) counter.change("polygons as the boxes around them");
      }
    },
    finish: () => {
      const count = leaks?.leaks() ?? 0;
      if (count === 0) return;
      counter.note(
        `${formatQuantity(count, "page")} in several splits by the column split: scores will be too good; --split keeps a page in one`,
      );
    },
  };
}
