import type { RowOrder } from "../../schema/row-filter.ts";
import { onOwnConnection } from "../database.ts";
import { createKeptWork } from "../kept-work.ts";
import type { RowPlan } from "../row-plan.ts";
import type { RowRange } from "../search-index/ranges.ts";
import { countWithin, sliceRows } from "../search-index/row-set.ts";
import type { StoredPartition } from "./described.ts";
import type { FoundSet } from "./find-rows.ts";
import { matchRows, type RowSearch } from "./match-rows.ts";
import { finderOf, sortRows } from "./sort-rows.ts";

/** The rows that a query means in their order, to be read from anywhere. */
export interface RowList {
  total: number;
  /** Numbers of `count` rows from place `at`, and of which partition each is. */
  slice(at: number, count: number): { number: number; partition: StoredPartition }[];
}

/** An instance with a text of what was searched for: the same rows for as long as it is open. */
const FOUND = new WeakMap<object, ReturnType<typeof keepFound>>();
const SORTED = new WeakMap<object, ReturnType<typeof keepSorted>>();
/** Of numbers of rows in order. */
const MAX_SORTED_BYTES = 200_000_000;
const MAX_FOUND_BYTES = 50_000_000;

/** One at a time: the rest of the machine is for those who wait for less. */
const keepFound = () =>
  createKeptWork<FoundSet | undefined>({
    costOf: (found) => found?.set.words.byteLength ?? 0,
    maxCost: MAX_FOUND_BYTES,
    atOnce: 2,
  });
const keepSorted = () =>
  createKeptWork<Int32Array>({
    costOf: (numbers) => numbers.byteLength,
    maxCost: MAX_SORTED_BYTES,
    atOnce: 1,
  });

type Plan = Pick<RowPlan<StoredPartition>, "partitions" | "conditions" | "filters">;

/** What `matchRows` finds, which the instance keeps under this key. Throws as that does. */
export async function keptMatches(search: RowSearch, plan: Plan, key: string): Promise<FoundSet | undefined> {
  if (plan.conditions.length === 0 && plan.filters.length === 0) return undefined;
  const kept = FOUND.get(search.database.instance) ?? keepFound();
  FOUND.set(search.database.instance, kept);
  return kept.get(key, search.signal, (signal) =>
    onOwnConnection(search.database, (database) => matchRows({ ...search, database, signal }, plan)),
  );
}

/**
 * Lists the rows of a plan; `key` is a text of its query. What takes long (a condition, an order by a value) is done once
 * for each instance and kept. Throws `not_counted` for an order by what labels hold where they were not counted.
 */
export async function listRows(
  search: RowSearch,
  plan: Plan,
  key: string,
  order: RowOrder | undefined,
): Promise<RowList> {
  const found = await keptMatches(search, plan, key);
  if (order === undefined || order.by === "uploaded") return listByPlace(search, plan, found, order);
  const kept = SORTED.get(search.database.instance) ?? keepSorted();
  SORTED.set(search.database.instance, kept);
  const { by, isDescending } = order;
  const numbers = await kept.get(`${by} ${isDescending} ${key}`, search.signal, (signal) =>
    onOwnConnection(search.database, (database) =>
      sortRows({ ...search, database, signal }, plan, found, { by, isDescending }),
    ),
  );
  const partitionOf = finderOf(search, plan.partitions);
  return {
    total: numbers.length,
    slice: (at, count) =>
      Array.from(numbers.subarray(at, at + count), (number) => ({ number, partition: partitionOf(number) })),
  };
}

/** Partition by partition, each in stored order; the newest first turns all of that round. */
function listByPlace(
  { catalog }: RowSearch,
  { partitions }: Plan,
  found: FoundSet | undefined,
  order: RowOrder | undefined,
): RowList {
  const counts = found?.counts ?? partitions.map(({ rows }) => rows);
  const entries = partitions.map((partition, at) => ({ partition, rows: counts[at] ?? 0 }));
  if (order !== undefined) {
    entries.sort((a, b) => compareTexts(a.partition.uploaded_at ?? "", b.partition.uploaded_at ?? ""));
  }
  const isBack = order?.isDescending ?? false;
  if (isBack) entries.reverse();
  const numbersOf = (partition: StoredPartition, skip: number, count: number) => {
    const ranges = catalog.ranges.get(partition.part) ?? [];
    return found ? numbersFound(found, ranges, skip, count) : numbersIn(ranges, skip, count);
  };
  return {
    total: counts.reduce((sum, rows) => sum + rows, 0),
    slice: (at, count) => {
      const slice: { number: number; partition: StoredPartition }[] = [];
      let before = 0;
      for (const { partition, rows } of entries) {
        const skip = Math.max(0, at - before);
        before += rows;
        if (slice.length >= count) break;
        if (skip >= rows) continue;
        const wanted = Math.min(rows - skip, count - slice.length);
        const numbers = isBack
          ? numbersOf(partition, rows - skip - wanted, wanted).reverse()
          : numbersOf(partition, skip, wanted);
        for (const number of numbers) slice.push({ number, partition });
      }
      return slice;
    },
  };
}

function compareTexts(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

function numbersFound({ set }: FoundSet, ranges: readonly RowRange[], skip: number, count: number): number[] {
  const numbers: number[] = [];
  let left = skip;
  for (const { row_start: start, row_end: end } of ranges) {
    const held = countWithin(set, start, end);
    if (held > left) numbers.push(...sliceRows(set, start, end, left, count - numbers.length));
    left = Math.max(0, left - held);
    if (numbers.length >= count) break;
  }
  return numbers;
}

/** The numbers of rows `skip` and following of a partition. */
function numbersIn(ranges: readonly RowRange[], skip: number, count: number): number[] {
  const numbers: number[] = [];
  let before = 0;
  for (const { row_start: start, row_end: end } of ranges) {
    const from = start + Math.max(0, skip - before);
    before += end - start;
    for (let number = from; number < end && numbers.length < count; number++) numbers.push(number);
    if (numbers.length >= count) break;
  }
  return numbers;
}
