import { detectView } from "../../schema/labels/detect/detect.ts";
import { compileView } from "../../schema/labels/read-label.ts";
import { readOnPages } from "../../schema/labels/read-pages.ts";
import type { Page, Region } from "../../schema/labels/region.ts";
import { readRowLabel } from "../../schema/labels/row-label.ts";
import { nameView, viewOf } from "../../schema/labels/task-view.ts";
import { LABEL_COLUMN, type View, WHOLE_ROW } from "../../schema/labels/view.ts";
import { type Node, placeOf } from "../../schema/labels/walk.ts";
import type { PageImage, PageLabel, PageRegion } from "../../schema/page-documents.ts";
import type { PartitionKey } from "../../schema/partition.ts";
import type { Taxonomy } from "../../schema/taxonomy.ts";

/** Of a larger one a second of the server's time would be spent, and more regions than a canvas draws. */
export const MAX_LABEL_CHARS = 4_000_000;

export interface LabelledRow {
  partition: PartitionKey;
  taxonomy: Pick<Taxonomy, "tasks">;
  names: readonly string[];
  textOf(name: string): string | undefined;
  images: readonly PageImage[];
}

/** What the label of a row says by the view of its task, else by the one view that fits this label, as a guess. */
export async function readPageLabel(row: LabelledRow): Promise<PageLabel | null> {
  const { partition, taxonomy, names, textOf, images } = row;
  const page: Page | null = images[0] ?? null;
  const known = viewOf(taxonomy, partition);
  const cells = Object.fromEntries(names.map((name) => [name, textOf(name)]));
  const guess = known === undefined ? detectView([{ cells, page }]).readings : [];
  const [only] = guess;
  const view: View | undefined = known?.view ?? (guess.length === 1 ? only?.full : undefined);
  if (view === undefined) return null;
  const { column = LABEL_COLUMN } = view;
  const found = readRowLabel(column === WHOLE_ROW ? cells : { [column]: cells[column] }, view);
  if (found === undefined) return null;
  const name = nameView(known?.given ?? only?.view ?? "");
  const empty: PageLabel = {
    column,
    view: name,
    is_guess: known === undefined,
    regions: [],
    questions: [],
    faults: [],
  };
  if ("fault" in found) return { ...empty, faults: [found.fault] };
  const nodesOf = new Map<Region, readonly Node[]>();
  const read = compileView(view, (region, nodes) => nodesOf.set(region, nodes));
  const pages = images.map((image) => ({ ...image, sourceName: image.source_name }));
  const label = readOnPages(read, found.label, pages);
  const regions = label.regions.map((region): PageRegion => {
    const { polygon, text, category, order, group, image, isUnreadable } = region;
    const places = (nodesOf.get(region) ?? []).map(placeOf);
    return { polygon, text, category, order, group, image, unreadable: isUnreadable, places };
  });
  const { questions, faults } = label;
  return {
    ...empty,
    regions,
    questions: questions.map(({ id, question, answers }) => ({ id, question, answers })),
    faults: faults.map(({ kind, at, message }) => ({ kind, at, message })),
  };
}
