import type { Fault } from "./faults.ts";
import type { LabelReader } from "./read-label.ts";
import type { Page, ReadLabel, Region } from "./region.ts";

/** A page of a row; labels may call it by its name. */
export interface RowPage extends Page {
  sourceName: string | null;
}

/** A region with the page that it is on, as an index. */
export type PlacedRegion = Region & { image: number };

export interface PagesLabel extends Omit<ReadLabel, "regions"> {
  /** Of the first page, then of the second... */
  regions: PlacedRegion[];
  /** On a page that the row does not have; each has a fault too. */
  strays: Region[];
}

/**
 * What the label of a row says of its pages: each region in pixels of the page that it is on. A row without pages is read as
 * one page of unknown size.
 */
export function readOnPages(read: LabelReader, label: unknown, pages: readonly RowPage[]): PagesLabel {
  const [page = null] = pages;
  if (pages.length <= 1) {
    const said = read(label, page);
    return { ...said, regions: said.regions.map((region) => placeOn(region, 0)), strays: [] };
  }
  const readOn = oncePerSize(read, label);
  const pageOf = findPages(pages);
  const { questions, skipped, regions: all } = readOn(page);
  const strays = all.filter((region) => pageOf(region.page) === undefined);
  const placed: PagesLabel = { regions: [], strays, questions, faults: strays.map(describeStray), skipped };
  for (const [image, one] of pages.entries()) {
    const said = readOn(one);
    const numbers = new Map<number, number>();
    for (const [at, region] of said.regions.entries()) {
      if (pageOf(region.page) !== image) continue;
      numbers.set(at, placed.regions.length);
      placed.regions.push(placeOn(region, image));
    }
    for (const fault of said.faults) {
      const { region, page: on = null } = fault;
      if (region === undefined) {
        if ((pageOf(on) ?? 0) === image) placed.faults.push(fault);
        continue;
      }
      const number = numbers.get(region);
      if (number !== undefined) placed.faults.push({ ...fault, region: number });
    }
  }
  return placed;
}

/**
 * Says which of the pages is meant: the first without a word, else by index from 0 or by name, with its ending or without. Names
 * are compared in NFC.
 */
function findPages(pages: readonly RowPage[]): (page: Region["page"]) => number | undefined {
  const byName = new Map<string, number>();
  for (const [at, { sourceName }] of pages.entries()) {
    const name = sourceName?.normalize("NFC");
    for (const said of name === undefined ? [] : [name, name.replace(/\.[^.]*$/, "")])
      if (!byName.has(said)) byName.set(said, at);
  }
  return (page) => {
    if (page === null) return 0;
    if (typeof page === "string") return byName.get(page.normalize("NFC"));
    return Number.isInteger(page) && page >= 0 && page < pages.length ? page : undefined;
  };
}

/** The region was made for this reading. To copy it would cost as much as to read it. */
function placeOn(region: Region, image: number): PlacedRegion {
  return Object.assign(region, { image });
}

function describeStray({ page }: Region): Fault {
  return {
    kind: "page_unknown",
    at: "$",
    message: `a region is on page ${page}, which the row does not have`,
  };
}

/** What a label says depends on the size of its page alone, and the pages of a document mostly have the same. */
function oncePerSize(read: LabelReader, label: unknown): (page: Page | null) => ReadLabel {
  const known = new Map<string, ReadLabel>();
  return (page) => {
    const size = page === null ? "" : `${page.width} ${page.height} ${page.orientation ?? ""}`;
    const said = known.get(size) ?? read(label, page);
    known.set(size, said);
    return said;
  };
}
