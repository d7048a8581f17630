import type { LabelReader } from "../../schema/labels/read-label.ts";
import { readOnPages } from "../../schema/labels/read-pages.ts";
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
  const lose = (why: string, { text }: Pick<SampleRegion, "text">) =>
    counter.misread(why, where, { regions: 1, characters: countCharacters(text) });
  const { regions: placed, strays, questions, faults } = readOnPages(read, found.label, pages);
  for (const fault of faults) {
    if (fault.region === undefined && fault.kind !== "page_unknown")
      counter.misread(fault.message, `${where} ${fault.at}`, { regions: 1 });
  }
  for (const stray of strays) lose(`a region is on page ${stray.page}, which the row does not have`, stray);
  const regions: SampleRegion[] = [];
  for (const region of placed) {
    const page = pages[region.image];
    const clipped = page === undefined ? region : clipRegion(region, page);
    if (clipped === undefined) {
      lose("a box lies outside of its page, or has no area", region);
      continue;
    }
    if (clipped !== region) counter.change("boxes clipped to their page");
    regions.push(clipped);
  }
  return { regions, questions };
}
