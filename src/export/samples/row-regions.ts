import type { LabelReader } from "../../schema/labels/read-label.ts";
import type { Page, ReadLabel } from "../../schema/labels/region.ts";
import { type Cells, readRowLabel } from "../../schema/labels/row-label.ts";
import type { View } from "../../schema/labels/view.ts";
import { clipRegion } from "./clip.ts";
import { type Counter, countCharacters } from "./counts.ts";
import type { Sample, SampleImage, SampleRegion } from "./sample.ts";

/** A view with what reads labels by it. */
export interface RowView {
  view: View;
  read: LabelReader;
}

type Said = Pick<Sample, "regions" | "questions">;

const NOTHING: Said = { regions: [], questions: [] };

/**
 * What the label of a row says of its pages. What cannot be read, lies outside of its page or is on no page of the row is
 * counted as misread; a box that reaches beyond its page is clipped to it.
 */
export function readRegions(
  { view, read }: RowView,
  { pages, cells, where }: { pages: readonly SampleImage[]; cells: Cells; where: string },
  counter: Counter,
): Said {
  const found = readRowLabel(cells, view);
  if (found === undefined) return NOTHING;
  if ("fault" in found) {
    counter.misread(found.fault.message, where, { regions: 1 });
    return NOTHING;
  }
  const regions: SampleRegion[] = [];
  let questions: ReadLabel["questions"] = [];
  for (const [image, page] of (pages.length === 0 ? [null] : pages).entries()) {
    const label = read(found.label, page as Page | null);
    if (image === 0) {
      questions = label.questions;
      for (const fault of label.faults) {
        if (fault.region === undefined)
          counter.misread(fault.message, `${where} ${fault.at}`, { regions: 1 });
      }
    }
    for (const region of label.regions) {
      const target = imageOf(region.page, pages);
      const lose = (why: string) =>
        counter.misread(why, where, { regions: 1, characters: countCharacters(region.text) });
      if (target === undefined && image === 0)
        lose(`a region is on page ${region.page}, which the row does not have`);
      if (target !== image) continue;
      const clipped = page === null ? region : clipRegion(region, page);
      if (clipped === undefined) {
        lose("a box lies outside of its page, or has no area");
        continue;
      }
      if (clipped !== region) counter.change("boxes clipped to their page");
      // The region was made for this call. To copy it would cost as much as to read it.
      regions.push(Object.assign(clipped, { image }));
    }
  }
  return { regions, questions };
}

/** Which of its pages a region is on: the first without a word, else by index from 0 or by name. */
function imageOf(page: string | number | null, pages: readonly SampleImage[]): number | undefined {
  if (page === null || pages.length <= 1) return 0;
  if (typeof page === "number")
    return Number.isInteger(page) && page >= 0 && page < pages.length ? page : undefined;
  const at = pages.findIndex(
    ({ sourceName }) => sourceName === page || sourceName?.replace(/\.[^.]*$/, "") === page,
  );
  return at < 0 ? undefined : at;
}
