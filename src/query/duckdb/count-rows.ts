import type { RowFilter } from "../../schema/row-filter.ts";
import { type Database, interruptible } from "../database.ts";
import { toNfc } from "../normal-form.ts";
import { makeNumberTable, NUMBERS } from "../number-table.ts";
import { renderValue } from "../row-filters.ts";
import type { StoredPartition } from "./described.ts";
import { type FoundSet, numbersOf } from "./find-rows.ts";
import { ROW } from "./homes.ts";
import { LABEL_NAMES, LABEL_SETS, LABEL_SQL } from "./label-facts.ts";
import { filteredRows, type RowSearch } from "./match-rows.ts";

/** What rows are counted by: the values of a column, or of a label; with `bounds` a measure, by ranges that begin there. */
export interface Dimension {
  name: string;
  bounds?: readonly number[];
}

export interface Bar {
  /** As in a filter: a text, or `10..20`. */
  value: string;
  rows: number;
}

export interface Counting {
  partitions: readonly StoredPartition[];
  filters: readonly RowFilter[];
  /** A condition that holds for the rows that a text was found in, where one was searched for. */
  within: string | undefined;
}

const MAX_VALUES = 200;

/**
 * Counts rows by each dimension, for which the filters by its own name do not hold: what choosing a value would show.
 * What labels hold has to be loaded.
 */
export async function countByDimension(
  { database, signal }: RowSearch,
  counting: Counting,
  dimensions: readonly Dimension[],
): Promise<Map<string, Bar[]>> {
  return interruptible(database, signal, async () => {
    const counted = new Map<string, Bar[]>();
    for (const dimension of dimensions) {
      const rows = countedRows(counting, dimension.name, dimension.name);
      const bars = await database.rows<Bar>(
        dimension.bounds ? rangesSql(dimension, rows) : valuesSql(dimension, rows),
      );
      counted.set(dimension.name, dimension.bounds ? inOrder(dimension.bounds, bars) : bars);
    }
    return counted;
  });
}

/** What the rows hold together. */
export interface Totals {
  pages: number;
  labels: number;
  regions: number;
  characters: number;
  words: number;
}

export async function countTotals(
  { database, signal }: RowSearch,
  counting: Counting,
  hasLabels: boolean,
): Promise<Totals> {
  return interruptible(database, signal, async () => {
    const [page] = await database.rows<{ pages: number }>(
      `SELECT count(width) AS pages FROM ${countedRows(counting, "width")}`,
    );
    const none = { labels: 0, regions: 0, characters: 0, words: 0 };
    if (!hasLabels) return { pages: page?.pages ?? 0, ...none };
    const sums = ["regions", "characters", "words"].map(
      (name) => `coalesce(sum("@${name}"), 0)::BIGINT AS ${name}`,
    );
    const [label] = await database.rows<Omit<Totals, "pages">>(
      `SELECT count("@regions") AS labels, ${sums.join(", ")} FROM ${countedRows(counting, "label.regions")}`,
    );
    return { pages: page?.pages ?? 0, ...(label ?? none) };
  });
}

/** Rows with a value in one of the columns, at least. */
export async function countHolding(
  { database, signal }: RowSearch,
  counting: Counting,
  columns: readonly string[],
): Promise<number> {
  if (counting.partitions.length === 0) return 0;
  const values = columns.map((name) => renderValue(name, LABEL_SQL));
  return interruptible(database, signal, async () => {
    const [found] = await database.rows<{ rows: number }>(
      `SELECT count(coalesce(${values.join(", ")})) AS rows FROM ${countedRows(counting, columns)}`,
    );
    return found?.rows ?? 0;
  });
}

/** Rows with what names read; without the filters of one name. */
function countedRows(
  { partitions, filters, within }: Counting,
  names: string | readonly string[],
  without?: string,
): string {
  const others = filters.filter((filter) => filter.name !== without);
  const rows = `(SELECT * FROM ${filteredRows(partitions, others, true, [names].flat())})`;
  return within === undefined ? rows : `(SELECT * FROM ${rows} WHERE ${within})`;
}

/** Puts what was found into a table of the connection; gives the condition that holds for it. */
export async function writeFound(database: Database, found: FoundSet): Promise<string> {
  await makeNumberTable(database, numbersOf(found));
  return `${ROW} IN (SELECT "@number" FROM ${NUMBERS})`;
}

function valuesSql({ name }: Dimension, rows: string): string {
  const order = `ORDER BY rows DESC, value LIMIT ${MAX_VALUES}`;
  if (name !== "label.category" && name !== "label.script") {
    const value = `coalesce(${renderValue(name, LABEL_SQL)}, '')`;
    const stored = `SELECT ${value} AS value, count(*) AS rows FROM ${rows} GROUP BY 1`;
    // Filters take a text in any form.
    return `SELECT ${toNfc("value")} AS value, sum(rows)::BIGINT AS rows FROM (${stored}) GROUP BY 1 ${order}`;
  }
  const sets = `SELECT ${LABEL_NAMES[name]} AS id, count(*) AS rows FROM ${rows} GROUP BY 1`;
  return `SELECT value, sum(rows)::BIGINT AS rows FROM
    (SELECT unnest(s.names) AS value, c.rows FROM (${sets}) AS c JOIN ${LABEL_SETS} AS s USING (id)) GROUP BY 1 ${order}`;
}

function rangesSql({ name, bounds = [] }: Dimension, rows: string): string {
  const value = renderValue(name, LABEL_SQL);
  const cases = bounds
    .slice(1)
    .map((bound, at) => `WHEN ${value} < ${bound} THEN '${rangeText(bounds, at)}'`);
  const last = rangeText(bounds, bounds.length - 1);
  return `SELECT CASE WHEN ${value} IS NULL THEN NULL ${cases.join(" ")} ELSE '${last}' END AS value, count(*) AS rows
    FROM ${rows} GROUP BY 1`;
}

/** `10..20`, the last one `20..`. */
function rangeText(bounds: readonly number[], at: number): string {
  return `${bounds[at]}..${bounds[at + 1] ?? ""}`;
}

/** Every range once, those without rows as well. */
function inOrder(bounds: readonly number[], bars: readonly Bar[]): Bar[] {
  const rows = new Map(bars.map((bar) => [bar.value, bar.rows]));
  return bounds.map((_, at) => {
    const value = rangeText(bounds, at);
    return { value, rows: rows.get(value) ?? 0 };
  });
}
