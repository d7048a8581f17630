import type { RecordBatch } from "apache-arrow";
import type { DescribedPartition } from "../row-plan.ts";
import { quoteNames } from "../sql.ts";
import { chooseRows } from "./choose-rows.ts";
import type { StoredPartition } from "./described.ts";
import type { FoundRows } from "./find-rows.ts";
import { layoutOf, selectRows } from "./homes.ts";
import { GROUP } from "./read-rows.ts";
import { type Source, streamBatches } from "./stream.ts";

/** The rows that were found, in their order, up to a number: some thousand at a time, which are read by their numbers. */
export async function* readFound(
  source: Source,
  found: FoundRows,
  rowCount: number,
  stepRows: number,
  limits: string[],
  signal: AbortSignal | undefined,
): AsyncGenerator<RecordBatch> {
  const names = quoteNames(source.columns.map(({ name }) => name));
  let left = rowCount;
  for (const { group, rows } of steps(found, stepRows)) {
    if (left <= 0) return;
    const startedMs = performance.now();
    const { where, count, order } = await chooseRows(source.database, rows.slice(0, left));
    source.stats.engineMs += performance.now() - startedMs;
    const sql = `SELECT ${names} FROM (${selectRows(group, source.columns, where)}) ORDER BY ${order}`;
    yield* streamBatches(source, limits, sql, undefined, signal);
    left -= count;
  }
}

/** Rows of neighbours that share a layout, up to so many. */
function* steps(found: FoundRows, stepRows: number): Generator<{ group: StoredPartition[]; rows: number[] }> {
  let group: StoredPartition[] = [];
  let numbers: number[] = [];
  for (const { partition, rows } of found.rows()) {
    const [first] = group;
    if (first && layoutOf(first) !== layoutOf(partition)) {
      if (numbers.length > 0) yield { group, rows: numbers };
      group = [];
      numbers = [];
    }
    let isOfGroup = false;
    for (const row of rows) {
      if (!isOfGroup) group.push(partition);
      isOfGroup = true;
      numbers.push(row);
      if (numbers.length < stepRows) continue;
      yield { group, rows: numbers };
      group = [];
      numbers = [];
      isOfGroup = false;
    }
  }
  if (numbers.length > 0) yield { group, rows: numbers };
}

/** Rows that are sorted in memory at once: fewer where rows are large. */
export function stepOf(partitions: readonly DescribedPartition[]): number {
  const largest = Math.max(1, ...partitions.map(({ bytes, rows }) => bytes / Math.max(1, rows)));
  return Math.max(100, Math.min(GROUP.rows, Math.floor(GROUP.bytes / largest)));
}
