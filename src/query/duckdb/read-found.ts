import type { RecordBatch } from "apache-arrow";
import { relateNumbers } from "../number-table.ts";
import type { DescribedPartition } from "../row-plan.ts";
import { GROUP } from "./read-rows.ts";

import { type Source, selectList, streamBatches } from "./stream.ts";

/**
 * The rows with these rowids, in their order, up to a number. Read some thousand at a time, of which the engine reads
 * only the vectors that it must.
 */
export async function* readFound(
  source: Source,
  rowids: Iterable<number>,
  rowCount: number,
  stepRows: number,
  limits: string[],
  signal: AbortSignal | undefined,
): AsyncGenerator<RecordBatch> {
  const rows = rowids[Symbol.iterator]();
  const list = selectList(source);
  for (let left = rowCount; left > 0; left -= stepRows) {
    const startedMs = performance.now();
    const step = take(rows, Math.min(left, stepRows));
    const { relation, count } = await relateNumbers(source.database, step);
    source.stats.engineMs += performance.now() - startedMs;
    const sql = `SELECT ${list} FROM catalog JOIN ${relation} AS found ON found."@number" = catalog.rowid ORDER BY found."@n"`;
    yield* streamBatches(source, limits, sql, count, signal);
  }
}

/** Rows that are sorted in memory at once: fewer where rows are large. */
export function stepOf(partitions: readonly DescribedPartition[]): number {
  const largest = Math.max(1, ...partitions.map(({ bytes, rows }) => bytes / Math.max(1, rows)));
  return Math.max(100, Math.min(GROUP.rows, Math.floor(GROUP.bytes / largest)));
}

function* take<T>(items: Iterator<T>, count: number): Generator<T> {
  for (let taken = 0; taken < count; taken++) {
    const next = items.next();
    if (next.done) return;
    yield next.value;
  }
}
