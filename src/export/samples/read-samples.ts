import { AppError } from "../../errors.ts";
import type { Lake } from "../../lake/lake.ts";
import { type Cell, jsonCells, plainCells } from "../../query/output/cells.ts";
import { imageColumnsOf, lakeColumnNames } from "../../schema/image-columns.ts";
import { compileView, type LabelReader } from "../../schema/labels/read-label.ts";
import type { Page, ReadLabel } from "../../schema/labels/region.ts";
import { readRowLabel } from "../../schema/labels/row-label.ts";
import { LABEL_COLUMN, type View, WHOLE_ROW } from "../../schema/labels/view.ts";
import { formatPartition, type PartitionKey } from "../../schema/partition.ts";
import type { RowResult } from "../../schema/query.ts";
import { findSizes } from "../image-column.ts";
import { clipRegion } from "./clip.ts";
import { type Counter, countCharacters } from "./counts.ts";
import { imageCells } from "./row-images.ts";
import { DEFAULT_SPLIT, type Sample, type SampleImage, type SampleRegion } from "./sample.ts";
import type { SplitOf } from "./split.ts";

export interface SampleSource {
  rows: RowResult;
  lake: Lake;
  /** The view of a partition's labels; undefined where it has none. */
  viewOf(partition: PartitionKey): View | undefined;
  /** The part of a row, by its groups; undefined: its column `split` says it. */
  splitOf: SplitOf | undefined;
  counter: Counter;
  /** Leave rows out whose asset is missing, and count them, instead of failing. */
  skipMissing: boolean;
  onMissing(): void;
}

/**
 * The rows as samples, in their order. What of a label cannot be read is counted as dropped; boxes that reach outside of
 * their page are clipped to it. Throws `missing_asset` naming the row, unless `skipMissing`.
 */
export async function* readSamples(source: SampleSource): AsyncGenerator<Sample> {
  const { rows, lake, viewOf, splitOf, counter } = source;
  const [imageColumn] = imageColumnsOf(rows.columns);
  const names = rows.columns.map(({ name }) => name);
  const ofLake = lakeColumnNames(rows.columns);
  const partitions = createCursor(rows, viewOf);
  let index = 0;
  for await (const batch of rows.batches) {
    const [plain, json] = [plainCells(batch), jsonCells(batch)];
    const cell = (name: string): Cell => plain[names.indexOf(name)] ?? (() => undefined);
    const split = cell("split");
    const imagesAt = imageColumn ? imageCells(lake.layout, imageColumn, cell) : () => [];
    const images = Array.from({ length: batch.numRows }, (_, row) => imagesAt(row));
    const sizes = await findSizes(
      lake,
      images.flat().map(({ asset, bytes, sourceName }) => ({ path: asset, bytes, sourceName })),
    );
    let seen = 0;
    for (let row = 0; row < batch.numRows; row++) {
      const { partition, view, read } = partitions.next();
      const pages = images[row] ?? [];
      const where = `${formatPartition(partition)} (${cell("source_name")(row) ?? `row ${index}`})`;
      const missing = pages.find((_, at) => sizes[seen + at] === undefined);
      seen += pages.length;
      if (missing !== undefined) {
        if (!source.skipMissing) throw missingAsset(where, missing.asset);
        source.onMissing();
        continue;
      }
      const { regions, questions } = readLabel(
        view,
        read,
        pages,
        { names, cell: (name) => cell(name)(row) },
        counter,
        where,
      );
      const sample: Sample = {
        index: index++,
        images: pages,
        regions,
        questions,
        split: splitOf ? splitOf((name) => cell(name)(row)) : (nameSplit(split(row)) ?? DEFAULT_SPLIT),
        row: () =>
          names.flatMap((name, at): [string, string][] => {
            const text = ofLake.has(name) ? undefined : json[at]?.(row);
            return text === undefined ? [] : [[name, text]];
          }),
        where,
      };
      count(counter, sample);
      yield sample;
    }
  }
}

/** `Training`, `val`, `dev`... by the names that trainers know. */
function nameSplit(given: string | undefined): string | undefined {
  if (given === undefined || given === "") return undefined;
  const name = given.toLowerCase();
  if (/^(train|training)$/.test(name)) return "train";
  if (/^(val|valid|validation|dev)$/.test(name)) return "val";
  if (/^(test|testing)$/.test(name)) return "test";
  return given.replace(/[^\p{L}\p{M}\p{N}_-]+/gu, "_");
}

/** Goes along with the rows: the partition of the next one, and how its labels are read. */
function createCursor(rows: RowResult, viewOf: SampleSource["viewOf"]) {
  const partitions = rows.partitions.map((partition) => {
    const view = viewOf(partition);
    return { partition, view, read: view && compileView(view), rows: partition.rows };
  });
  let at = 0;
  let left = partitions[0]?.rows ?? 0;
  return {
    next: () => {
      while (left === 0 && at + 1 < partitions.length) left = partitions[++at]?.rows ?? 0;
      left--;
      const found = partitions[at];
      if (found === undefined) throw new AppError("internal", "there are more rows than partitions have");
      return found;
    },
  };
}

function readLabel(
  view: View | undefined,
  read: LabelReader | undefined,
  pages: readonly SampleImage[],
  { names, cell }: { names: readonly string[]; cell: (name: string) => string | undefined },
  counter: Counter,
  where: string,
): Pick<Sample, "regions" | "questions"> {
  if (view === undefined || read === undefined) return { regions: [], questions: [] };
  const { column = LABEL_COLUMN } = view;
  const wanted = column === WHOLE_ROW ? names : [column];
  const cells = Object.fromEntries(wanted.map((name) => [name, cell(name)]));
  const found = readRowLabel(cells, view);
  if (found === undefined) return { regions: [], questions: [] };
  if ("fault" in found) {
    counter.drop(found.fault.message, where, { samples: 0, regions: 1 });
    return { regions: [], questions: [] };
  }
  const regions: SampleRegion[] = [];
  let questions: ReadLabel["questions"] = [];
  for (const [image, page] of (pages.length === 0 ? [null] : pages).entries()) {
    const label = read(found.label, page as Page | null);
    if (image === 0) {
      questions = label.questions;
      for (const fault of label.faults) {
        if (fault.region === undefined) counter.drop(fault.message, `${where} ${fault.at}`, { regions: 1 });
      }
    }
    for (const region of label.regions) {
      const target = imageOf(region.page, pages);
      if (target === undefined && image === 0) {
        const why = `a region is on page ${region.page}, which the row does not have`;
        counter.drop(why, where, { regions: 1, characters: countCharacters(region.text) });
      }
      if (target !== image) continue;
      const clipped = page === null ? region : clipRegion(region, page);
      if (clipped === undefined) {
        const why = "a box lies outside of its page, or has no area";
        counter.drop(why, where, { regions: 1, characters: countCharacters(region.text) });
        continue;
      }
      if (clipped !== region) counter.change("boxes clipped to their page");
      regions.push({ ...clipped, image });
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

function count({ counts }: Counter, { images, regions, questions, split }: Sample): void {
  counts.samples++;
  counts.pages += images.length;
  counts.regions += regions.length;
  counts.questions += questions.length;
  for (const { text } of regions) counts.characters += countCharacters(text);
  counts.splits[split] = (counts.splits[split] ?? 0) + 1;
}

function missingAsset(where: string, path: string): AppError {
  return new AppError(
    "missing_asset",
    `${where} names the asset ${path}, which is missing or damaged; restore it, or leave out such rows with --skip-missing`,
    { details: { path } },
  );
}
