import type { DuckDBClient } from "../../query/duckdb/client.ts";
import { plainCells } from "../../query/output/cells.ts";
import type { SampledRow } from "../../schema/labels/detect/sample.ts";
import { compileView, type LabelReader } from "../../schema/labels/read-label.ts";
import { type PlacedRegion, type RowPage, readOnPages } from "../../schema/labels/read-pages.ts";
import { boundsOf } from "../../schema/labels/region.ts";
import { readRowLabel } from "../../schema/labels/row-label.ts";
import { viewOf } from "../../schema/labels/task-view.ts";
import { LABEL_COLUMN, type View, WHOLE_ROW } from "../../schema/labels/view.ts";
import type { BrowseRow, HitsDocument } from "../../schema/page-documents.ts";
import { formatPartition, type PartitionKey } from "../../schema/partition.ts";
import { type RowQuery, searchedTexts } from "../../schema/query.ts";
import type { Taxonomy } from "../../schema/taxonomy.ts";
import { findRegionHits } from "../../web/text/region-hits.ts";
import { type RowReader, type RowsPlace, readPlaces, rowDescriber } from "./browse.ts";
import type { GuessedViews } from "./guessed-views.ts";
import { MAX_FRAMES } from "./page.ts";
import { MAX_LABEL_CHARS } from "./page-label.ts";

/** More boxes on a small picture tell nothing. */
const MAX_BOXES = 200;

interface LabelledRow {
  row: BrowseRow;
  partition: PartitionKey;
  cells(): Record<string, string | undefined>;
}

export interface HitViews {
  taxonomy: Pick<Taxonomy, "tasks">;
  guesses: GuessedViews;
}

/** Where the text of a search stands on the pages of some rows by their place, by the views of their tasks, else by guessed ones. */
export async function findHits(
  catalog: DuckDBClient,
  { taxonomy, guesses }: HitViews,
  request: RowsPlace,
  signal: AbortSignal,
): Promise<HitsDocument> {
  const { generation, rows } = await readPlaces(
    catalog,
    { ...request, choose: ({ columns }) => columns.map(({ name, type }) => ({ name, type })) },
    openLabelled,
    signal,
  );
  const readers = new Map<string, Reader | undefined>();
  const readerOf = (partition: PartitionKey): Reader | undefined => {
    const name = formatPartition(partition);
    if (readers.has(name)) return readers.get(name);
    const known = viewOf(taxonomy, partition)?.view;
    const view = known ?? guesses.of(generation, partition, sampledRows(rows, name));
    const reader = view && { view, read: compileView(view), isGuess: known === undefined };
    readers.set(name, reader);
    return reader;
  };
  const { ignore_case: ignoresCase = false } = request.query;
  const wanted = searchedTexts(request.query) ?? [];
  const found: HitsDocument["rows"] = [];
  for (const { row, partition, cells } of rows) {
    // Others are served between two labels.
    await new Promise((resolve) => setImmediate(resolve));
    signal.throwIfAborted();
    const reader = readerOf(partition);
    if (reader === undefined || !isSearched(request.query, reader.view)) continue;
    const { width, height, key } = row;
    if (width === null || height === null) continue;
    const regions = regionsOf(reader, cells(), row);
    const isHit = findRegionHits(regions, wanted, ignoresCase);
    const hits = regions.filter(({ text }, at) => isHit?.[at] ?? text !== null);
    if (hits.length === 0) continue;
    // The small picture is of the first page.
    const boxes = hits.filter(({ image }) => image === 0).slice(0, MAX_BOXES);
    const { isGuess } = reader;
    found.push({ key, width, height, boxes: boxes.map(boxOf), hits: hits.length, is_guess: isGuess });
  }
  return { generation, rows: found };
}

interface Reader {
  view: View;
  read: LabelReader;
  isGuess: boolean;
}

/** The rows of a partition, by its name, as they are looked at for a view. */
function* sampledRows(rows: readonly LabelledRow[], name: string): Generator<SampledRow> {
  for (const { row, partition, cells } of rows) {
    if (formatPartition(partition) !== name) continue;
    const { width, height, source_name: sourceName } = row;
    const found = cells();
    const page =
      width === null || height === null
        ? null
        : { width, height, orientation: orientationOf(found), sourceName };
    yield { cells: found, page };
  }
}

const openLabelled: Parameters<typeof readPlaces<LabelledRow>>[2] = (
  columns,
  batch,
): RowReader<LabelledRow> => {
  const describe = rowDescriber(columns, batch);
  const cells = plainCells(batch);
  return (partition, row) => ({
    row: describe(partition, row),
    partition,
    cells: () => Object.fromEntries(columns.map(({ name }, at) => [name, cells[at]?.(row)])),
  });
};

/** Whether a search looks at what the view reads. */
function isSearched({ column }: RowQuery, view: View): boolean {
  const own = view.column ?? LABEL_COLUMN;
  return column === undefined || own === WHOLE_ROW || own === column;
}

function regionsOf(
  { view, read }: Pick<Reader, "view" | "read">,
  cells: Record<string, string | undefined>,
  row: BrowseRow,
): PlacedRegion[] {
  const { column = LABEL_COLUMN } = view;
  const label = column === WHOLE_ROW ? cells : { [column]: cells[column] };
  if (Object.values(label).some((text) => (text?.length ?? 0) > MAX_LABEL_CHARS)) return [];
  const parsed = readRowLabel(label, view);
  if (parsed === undefined || "fault" in parsed) return [];
  const { width, height, source_name: sourceName } = row;
  const page = { width: width ?? 0, height: height ?? 0, orientation: orientationOf(cells), sourceName };
  // A file that was not split has one size for all of its pages.
  const count = row.page === null ? Math.min(row.pages ?? 1, MAX_FRAMES) : 1;
  return readOnPages(read, parsed.label, Array<RowPage>(Math.max(1, count)).fill(page)).regions;
}

function orientationOf({ orientation }: Record<string, string | undefined>): number | null {
  return orientation === undefined ? null : Number(orientation);
}

function boxOf({ polygon }: PlacedRegion): [number, number, number, number] {
  const { x1, y1, x2, y2 } = boundsOf(polygon);
  return [x1, y1, x2, y2];
}
