import { AppError } from "../../errors.ts";
import type { Lake } from "../../lake/lake.ts";
import { type Cell, jsonCells, plainCells } from "../../query/output/cells.ts";
import { imageColumnsOf, lakeColumnNames } from "../../schema/image-columns.ts";
import { compileView } from "../../schema/labels/read-label.ts";
import { LABEL_COLUMN, type View, WHOLE_ROW } from "../../schema/labels/view.ts";
import { formatPartition, type PartitionKey, RAW_TASK } from "../../schema/partition.ts";
import type { RowResult } from "../../schema/query.ts";
import { findSizes } from "../image-column.ts";
import type { Counter } from "./counts.ts";
import { type AssetImage, rowImages } from "./row-images.ts";
import { type LabelledRow, readRegions, type Said } from "./row-regions.ts";
import { DEFAULT_SPLIT, type Sample } from "./sample.ts";
import type { SplitOf } from "./split.ts";
import {
  findLabelsBeside,
  findUnreadLabels,
  refuseUnread,
  type UnreadLabel,
  type UnreadLabels,
} from "./unread-labels.ts";

export interface SampleSource {
  rows: RowResult;
  lake: Lake;
  /** The view of a partition's labels; undefined where it has none. */
  viewOf(partition: PartitionKey): View | undefined;
  /** Of labels that the views of the lake do not read: fail for one of a partition without a view, count them, or take the pages alone. */
  unread: "refuse" | "count" | "ignore";
  /** The part of a row, by its groups; undefined: its column `split` says it. */
  splitOf: SplitOf | undefined;
  counter: Counter;
  /** Images are opened: a row whose asset is missing is found before. */
  isOpened: boolean;
  /** Leave rows out whose asset is missing, and count them, instead of failing. */
  skipMissing: boolean;
  onMissing(): void;
}

/**
 * The rows as samples, in their order. What of a label cannot be read is counted as misread; boxes that reach outside of
 * their page are clipped to it. Throws `missing_asset` naming the row, unless `skipMissing`; `usage` for an unread label.
 */
export async function* readSamples(source: SampleSource): AsyncGenerator<Sample> {
  const { rows, lake, viewOf, splitOf, counter } = source;
  const imageColumns = imageColumnsOf(rows.columns);
  const names = rows.columns.map(({ name }) => name);
  const places = new Map(names.map((name, at) => [name, at]));
  const ofLake = lakeColumnNames(rows.columns);
  const partitions = createCursor(rows, viewOf, source.unread);
  let index = 0;
  for await (const batch of rows.batches) {
    const plain = plainCells(batch);
    const cell = (name: string): Cell => plain[places.get(name) ?? -1] ?? NO_CELL;
    const [split, sourceName] = [cell("split"), cell("source_name")];
    const imagesAt = rowImages(lake.layout, imageColumns, cell);
    const images = Array.from({ length: batch.numRows }, (_, row) => imagesAt(row));
    const isMissing = source.isOpened ? await findMissing(lake, images) : () => false;
    let json: Cell[] | undefined;
    for (let row = 0; row < batch.numRows; row++) {
      const of = partitions.next();
      const pages = images[row] ?? [];
      const where = `${of.name} (${sourceName(row) ?? `row ${index}`})`;
      const missing = pages.find(isMissing);
      if (missing !== undefined) {
        if (!source.skipMissing) throw missingAsset(where, missing.asset);
        source.onMissing();
        continue;
      }
      const cells: Record<string, unknown> = {};
      for (const name of of.columns() ?? names) cells[name] = cell(name)(row);
      const said = readLabel(of, { pages, cells, where }, source);
      const sample: Sample = {
        index: index++,
        images: pages,
        ...said,
        split: splitOf ? splitOf((name) => cell(name)(row)) : (nameSplit(split(row)) ?? DEFAULT_SPLIT),
        partition: of.key,
        row: () => {
          json ??= jsonCells(batch);
          return names.flatMap((name, at): [string, string][] => {
            const text = ofLake.has(name) ? undefined : json?.[at]?.(row);
            return text === undefined ? [] : [[name, text]];
          });
        },
        where,
      };
      counter.take(sample);
      yield sample;
    }
  }
}

const NO_CELL: Cell = () => undefined;
const NOTHING: Said = { regions: [], questions: [] };

/** Whether an asset is missing, or not of the size that its row says. */
async function findMissing(lake: Lake, images: readonly AssetImage[][]) {
  const all = images.flat();
  const references = all.map(({ asset, bytes, sourceName }) => ({ path: asset, bytes, sourceName }));
  const sizes = await findSizes(lake, references);
  const missing = new Set(all.filter((_, at) => sizes[at] === undefined));
  return (image: AssetImage) => missing.has(image);
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
function createCursor(rows: RowResult, viewOf: SampleSource["viewOf"], unread: SampleSource["unread"]) {
  const partitions = rows.partitions.map((partition) => {
    const view = viewOf(partition);
    const column = view?.column ?? LABEL_COLUMN;
    const own = column === WHOLE_ROW ? undefined : [column];
    const unseen = unread === "ignore" ? undefined : findUnseen(partition, view);
    return {
      key: partition,
      name: formatPartition(partition),
      view: view && { view, read: compileView(view) },
      unseen,
      /** Of the row that its label needs; undefined for all. */
      columns: () => (unseen === undefined ? own : unseen.columns()),
      rows: partition.rows,
    };
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

/** What finds the labels that the view of a partition does not read, where there may be some. */
function findUnseen({ task }: PartitionKey, view: View | undefined): UnreadLabels | undefined {
  if (view === undefined) return findUnreadLabels();
  // One view may be that of all pages, whose labels are not all in one column.
  return task === RAW_TASK ? findLabelsBeside(view.column ?? LABEL_COLUMN) : undefined;
}

type Cursor = ReturnType<ReturnType<typeof createCursor>["next"]>;

/** What a label says, by the view of its partition; one that nobody reads is counted, or refused. */
function readLabel(
  { key, view, unseen }: Cursor,
  row: LabelledRow,
  { unread, counter }: Pick<SampleSource, "unread" | "counter">,
): Said {
  const said = view && readRegions(view, row, counter);
  if (said !== undefined) return said;
  const label = unseen?.find(row.cells, row.pages[0] ?? null);
  if (label !== undefined && unread === "refuse") throw refuseUnread(key, label);
  if (label === undefined) counter.unlabelled();
  else counter.misread(reasonOf(label, view !== undefined), row.where, { labels: 1 });
  return NOTHING;
}

function reasonOf(label: UnreadLabel, hasView: boolean): string {
  if (!hasView || "refusal" in label) return "no view says what the label means";
  return `the label is in the column ${label.column}, where the view does not look`;
}

function missingAsset(where: string, path: string): AppError {
  return new AppError(
    "missing_asset",
    `${where} names the asset ${path}, which is missing or damaged; restore it, or leave out such rows with --skip-missing`,
    { details: { path } },
  );
}
