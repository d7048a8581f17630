import { NAMED_LABEL_COLUMNS } from "../../schema/labels/shapes.ts";
import type { StatisticsDocument } from "../../schema/page-documents.ts";
import { createSelector, pickKey, RAW_TASK } from "../../schema/partition.ts";
import type { RowQuery } from "../../schema/query.ts";
import { isOfLabel } from "../../schema/row-filter.ts";
import { parseType } from "../../schema/type-tree.ts";
import { type Database, onOwnConnection } from "../database.ts";
import { createKeptWork } from "../kept-work.ts";
import { planRows } from "../row-plan.ts";
import {
  type Counting,
  countByDimension,
  countHolding,
  countTotals,
  type Dimension,
  writeFound,
} from "./count-rows.ts";
import { describeCatalog, locateRows, type StoredPartition } from "./described.ts";
import { type CountedLabels, loadLabels, type OpenLabelFacts } from "./label-facts.ts";
import { keptMatches } from "./row-list.ts";

const MILLION = 1_000_000;
const PIXELS = [0, MILLION / 4, MILLION / 2, ...[1, 2, 4, 8, 16, 32, 64].map((mega) => mega * MILLION)];
const REGIONS = [0, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000];
const CHARACTERS = [0, 1, 10, 50, 100, 200, 500, 1000, 2000, 5000, 10_000];

/** Of images. */
const PAGE_DIMENSIONS: Dimension[] = [{ name: "format" }, { name: "image.pixels", bounds: PIXELS }];
const LABEL_DIMENSIONS: Dimension[] = [
  { name: "label.category" },
  { name: "label.script" },
  { name: "label.regions", bounds: REGIONS },
  { name: "label.characters", bounds: CHARACTERS },
];

/** Answers of an instance; its rows never change. */
const KEPT = new WeakMap<object, ReturnType<typeof keep>>();
const MAX_KEPT = 200;
const keep = () => createKeptWork<StatisticsDocument>({ costOf: () => 1, maxCost: MAX_KEPT, atOnce: 1 });

/**
 * Counts the rows of a query by what can be filtered: size, format, `fields` (columns), and what labels hold, as far as
 * that was counted: rows whose labels were not meet no filter of labels. Throws as a query for these rows does.
 */
export async function readStatistics(
  database: Database,
  labels: OpenLabelFacts,
  { query, fields }: { query: RowQuery; fields: readonly string[] },
  signal?: AbortSignal,
): Promise<StatisticsDocument> {
  const { known, table } = await describeCatalog(database);
  const { partitions, filters } = planRows(known, table, query, true);
  // Under a filter of labels all partitions are counted by it.
  const scope = filters.some(({ name }) => isOfLabel(name)) ? known : partitions;
  const counted = await loadLabels(database, await labels(), scope, await locateRows(database));
  const kept = KEPT.get(database.instance) ?? keep();
  KEPT.set(database.instance, kept);
  const key = JSON.stringify([counted.version, query, fields]);
  return kept.get(key, signal, (whileWanted) =>
    onOwnConnection(database, (own) => count(own, labels, counted, { query, fields }, whileWanted)),
  );
}

async function count(
  database: Database,
  labels: OpenLabelFacts,
  all: CountedLabels,
  { query, fields }: { query: RowQuery; fields: readonly string[] },
  signal: AbortSignal,
): Promise<StatisticsDocument> {
  const { known, table, generation } = await describeCatalog(database);
  const catalog = await locateRows(database);
  const search = { database, catalog, labels, signal, isLenient: true };
  const plan = planRows(known, table, query, true);
  const { providers: _, datasets: __, tasks: ___, variants: ____, ...conditions } = query;
  const isSelected = createSelector(query);
  const [counted, uncounted] = [all.counted.filter(isSelected), all.uncounted.filter(isSelected)];
  const everywhere = planRows(known, table, conditions, true);
  // What other partitions would add is shown beside their names: of labels, as far as they are counted.
  const isOfLabels = plan.filters.some(({ name }) => isOfLabel(name));
  const key = `${isOfLabels ? `as counted ${all.version} ` : ""}${JSON.stringify(conditions)}`;
  const elsewhere = await keptMatches(search, everywhere, key);
  const text = await keptMatches(
    search,
    { ...plan, filters: [] },
    JSON.stringify({ ...query, where: undefined }),
  );
  const counting: Counting = { ...plan, within: text && (await writeFound(database, text)) };
  const dimensions = [...fieldsOf(plan.partitions, fields), ...PAGE_DIMENSIONS];
  const byPage = await countByDimension(search, counting, dimensions);
  const ofLabels = { ...counting, partitions: counted };
  const byLabel =
    counted.length === 0 ? new Map() : await countByDimension(search, ofLabels, LABEL_DIMENSIONS);
  const rows = new Map(
    everywhere.partitions.map((partition, at) => [partition.part, elsewhere?.counts[at] ?? partition.rows]),
  );
  const rowsOf = ({ part }: StoredPartition) => rows.get(part) ?? 0;
  const isMeant = new Set([...all.counted, ...all.uncounted].map(({ part }) => part));
  const unread = plan.partitions.filter(({ part }) => !isMeant.has(part));
  // Of pages those count that have labels.
  const pages = unread.filter(({ task }) => task === RAW_TASK);
  const labelled = pages.map((one) => knownLabelled(one, rowsOf(one)));
  const others = pages.filter((_, at) => labelled[at] === undefined);
  const sum = (all: readonly StoredPartition[]) => all.reduce((rows, partition) => rows + partition.rows, 0);
  return {
    generation,
    rows: plan.partitions.reduce((sum, partition) => sum + rowsOf(partition), 0),
    ...(await countTotals(search, counting, counted.length > 0)),
    rows_counted: sum(counted),
    rows_uncounted: sum(uncounted),
    rows_without_view:
      unread.filter(({ task }) => task !== RAW_TASK).reduce((rows, one) => rows + rowsOf(one), 0) +
      labelled.reduce<number>((rows, known) => rows + (known ?? 0), 0) +
      (await countHolding(search, { ...counting, partitions: others }, NAMED_LABEL_COLUMNS)),
    partitions: everywhere.partitions.map((partition) => ({
      ...pickKey(partition),
      rows: rowsOf(partition),
    })),
    bars: [...byPage, ...byLabel].map(([name, bars]) => ({ name, bars })),
  };
}

/** Fields that are columns of single values somewhere in the selection. */
function fieldsOf(partitions: readonly StoredPartition[], fields: readonly string[]): Dimension[] {
  const isHeld = (name: string) =>
    partitions.some(({ columns, rows }) =>
      columns.some(
        (column) => column.name === name && column.nulls < rows && parseType(column.type).kind === "scalar",
      ),
    );
  return fields.filter(isHeld).map((name) => ({ name }));
}

/** How many of some rows of a partition have a label by its column's name; undefined where they must be read for that. */
function knownLabelled({ columns, rows: all }: StoredPartition, rows: number): number | undefined {
  const held = columns.filter(({ name, nulls }) => NAMED_LABEL_COLUMNS.includes(name) && nulls < all);
  const [first] = held;
  if (first === undefined || rows === 0) return 0;
  if (held.some(({ nulls }) => nulls === 0)) return rows;
  return held.length === 1 && rows === all ? all - first.nulls : undefined;
}
