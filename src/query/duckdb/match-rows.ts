import { isOfLabel, type RowFilter } from "../../schema/row-filter.ts";
import { type Database, interruptible } from "../database.ts";
import { renderFilters } from "../row-filters.ts";
import type { ColumnCondition, RowPlan } from "../row-plan.ts";
import { countRows, createRowSet, intersect } from "../search-index/row-set.ts";
import type { LocatedCatalog, StoredPartition } from "./described.ts";
import { addNumbers, type FoundSet, findRows, foundIn } from "./find-rows.ts";
import { ROW } from "./homes.ts";
import { LABEL_SQL, loadLabels, type OpenLabelFacts, requireCounted } from "./label-facts.ts";
import { relateRows } from "./related-rows.ts";

/** What rows of the catalog are found by. */
export interface RowSearch {
  database: Database;
  catalog: LocatedCatalog;
  /** Undefined where nobody counts labels. */
  labels: OpenLabelFacts | undefined;
  signal: AbortSignal | undefined;
  /** Rows whose labels were not counted meet no filter of labels; without, they are an error. */
  isLenient?: boolean;
}

/**
 * Finds the rows that meet the condition and the filters of a plan; undefined where it has neither. Throws `not_counted`
 * for a filter of labels that were not counted.
 */
export async function matchRows(
  search: RowSearch,
  {
    partitions,
    conditions,
    filters,
  }: Pick<RowPlan<StoredPartition>, "partitions" | "conditions" | "filters">,
): Promise<FoundSet | undefined> {
  const { database, catalog, signal } = search;
  const found = await findAll(search, partitions, conditions);
  if (filters.length === 0) return found;
  await database.spread();
  const isCounted = await loadFor(search, partitions, filters);
  const set = createRowSet(catalog.rowEnd);
  const sql = `SELECT ${ROW} FROM ${filteredRows(partitions, filters, isCounted)}`;
  await interruptible(database, signal, () => addNumbers(database.chunks(sql), set));
  if (found) intersect(set, found.set);
  return foundIn(partitions, set, catalog);
}

/** The rows that meet each of the conditions; undefined without any. */
async function findAll(
  { database, catalog, signal }: RowSearch,
  partitions: readonly StoredPartition[],
  [first, ...others]: readonly ColumnCondition[],
): Promise<FoundSet | undefined> {
  if (first === undefined) return undefined;
  const found = await findRows(database, partitions, first, catalog, signal);
  if (others.length === 0) return found;
  for (const condition of others) {
    if (countRows(found.set) === 0) break;
    intersect(found.set, (await findRows(database, partitions, condition, catalog, signal)).set);
  }
  return foundIn(partitions, found.set, catalog);
}

/** Loads what filters and orders of labels need; whether there is any. Throws `not_counted`. */
export async function loadFor(
  { database, catalog, labels, isLenient = false }: RowSearch,
  partitions: readonly StoredPartition[],
  by: readonly { name: string }[],
): Promise<boolean> {
  if (labels === undefined || !by.some(({ name }) => isOfLabel(name))) return false;
  const { uncounted } = await loadLabels(database, await labels(), partitions, catalog);
  if (!isLenient) requireCounted(uncounted);
  return true;
}

/** SQL of the rows of partitions that meet filters, with what other names read. */
export function filteredRows(
  partitions: readonly StoredPartition[],
  filters: readonly RowFilter[],
  isCounted: boolean,
  others: readonly string[] = [],
): string {
  const rows = relateRows(partitions, [...filters.map(({ name }) => name), ...others]);
  const conditions = renderFilters(filters, isCounted ? LABEL_SQL : undefined);
  return conditions.length === 0 ? rows : `${rows} WHERE ${conditions.join(" AND ")}`;
}
