import { FAULTS, type FaultKind } from "../../schema/labels/faults.ts";
import type { LabelReader } from "../../schema/labels/read-label.ts";
import { type PagesLabel, readOnPages } from "../../schema/labels/read-pages.ts";
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

export type Said = Pick<Sample, "regions" | "questions">;

const NOTHING: Said = { regions: [], questions: [] };

export interface LabelledRow {
  pages: readonly SampleImage[];
  cells: Cells;
  where: string;
}

/**
 * What the label of a row says of its pages; undefined where it has none. What cannot be read, lies outside of its page or is
 * on no page of the row is counted as misread; a box that reaches beyond its page is clipped to it.
 */
export function readRegions({ view, read }: RowView, row: LabelledRow, counter: Counter): Said | undefined {
  const { pages, cells, where } = row;
  const found = readRowLabel(cells, view);
  if (found === undefined) return undefined;
  if ("fault" in found) {
    const { kind, message } = found.fault;
    counter.misread(FAULTS[kind], `${where}: ${message}`, { labels: 1 });
    return NOTHING;
  }
  const label = readOnPages(read, found.label, pages);
  if (countFaults(label, view, where, counter) === "lost") return NOTHING;
  counter.label(label.faults.length === 0);
  return { regions: placeRegions(label, row, counter), questions: label.questions };
}

function placeRegions(label: PagesLabel, { pages, where }: LabelledRow, counter: Counter): SampleRegion[] {
  const lose = (why: string, { text }: Pick<SampleRegion, "text">, example = where) =>
    counter.misread(why, example, { regions: 1, characters: countCharacters(text) });
  for (const stray of label.strays) lose(FAULTS.page_unknown, stray, `${where}: page ${stray.page}`);
  const regions: SampleRegion[] = [];
  for (const region of label.regions) {
    if (region.isUnreadable) counter.change("texts that mean unreadable, by the view: the box is there");
    const page = pages[region.image];
    const clipped = page === undefined ? region : clipRegion(region, page);
    if (clipped === undefined) {
      lose("a box lies outside of its page, or has no area", region);
      continue;
    }
    if (clipped !== region) counter.change("boxes clipped to their page");
    regions.push(clipped);
  }
  return regions;
}

/** Of all regions of a label, or of all its questions: nothing was read there. */
const OF_LABEL: ReadonlySet<FaultKind> = new Set(["no_json", "no_items", "no_object"]);
/** The place of a region is looked at where it is clipped. */
const OF_PLACE: ReadonlySet<FaultKind> = new Set(["box_empty", "box_outside"]);

/** What is lost where a region or a question could not be read. */
const LOSSES: Partial<Record<FaultKind, { regions: 1 } | { questions: 1 }>> = {
  no_object: { regions: 1 },
  no_page: { regions: 1 },
  no_size: { regions: 1 },
  size_turned: { regions: 1 },
  box_missing: { regions: 1 },
  box_unreadable: { regions: 1 },
  box_rotated: { regions: 1 },
  box_inverted: { regions: 1 },
  question_no_string: { questions: 1 },
};

/** Counts what a label says and nobody can read; `lost` where that is the label as a whole. */
function countFaults({ faults, skipped }: PagesLabel, view: View, where: string, counter: Counter) {
  if (faults.length === 0 && skipped === 0) return "read";
  for (let at = 0; at < skipped; at++) counter.change("objects without box, text and category, passed over");
  const ofLabel = faults.filter(({ kind }) => OF_LABEL.has(kind));
  const parts = [view.items, view.questions].filter((part) => part !== undefined);
  const [first] = ofLabel;
  if (first !== undefined && (ofLabel.length >= parts.length || first.kind === "no_json")) {
    counter.misread(FAULTS[first.kind], `${where} ${first.at}: ${first.message}`, { labels: 1 });
    return "lost";
  }
  for (const { kind, at, message, region, text = null } of faults) {
    if (region === undefined && LOSSES[kind] !== undefined)
      counter.misread(FAULTS[kind], `${where} ${at}: ${message}`, {
        ...LOSSES[kind],
        characters: countCharacters(text),
      });
    else if (region !== undefined && !OF_PLACE.has(kind))
      counter.change(`regions without what does not fit: ${FAULTS[kind]}`);
  }
  return "read";
}
