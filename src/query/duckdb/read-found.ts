import type { RecordBatch } from "apache-arrow";
import { interruptible } from "../database.ts";
import type { DescribedPartition } from "../row-plan.ts";
import { GROUP } from "./read-rows.ts";
import { FOUND } from "./row-tables.ts";
import { type Source, selectList, streamBatches } from "./stream.ts";

/** The found rows in their final order, numbered from 0; in names that no column of the lake has. */
const ORDERED = "temp.ordered";

/**
 * The rows of `temp.found`, up to a number: sorted by partition, within one in stored order. Read some thousand at a
 * time, by their rowids, of which the engine reads only the vectors that it must.
 */
export async function* readFound(
  source: Source,
  partitions: readonly DescribedPartition[],
  rowCount: number,
  limits: string[],
  signal: AbortSignal | undefined,
): AsyncGenerator<RecordBatch> {
  if (rowCount === 0) return;
  const { database } = source;
  const startedMs = performance.now();
  await interruptible(database, signal, () =>
    database.run(
      `CREATE OR REPLACE TEMP TABLE ${ORDERED} AS SELECT row_number() OVER () - 1 AS "@n", "row" AS "@row"
       FROM (SELECT "row" FROM ${FOUND} ORDER BY part, "row" LIMIT ${rowCount})`,
    ),
  );
  source.stats.engineMs += performance.now() - startedMs;
  const list = selectList(source);
  const step = stepRows(partitions);
  for (let start = 0; start < rowCount; start += step) {
    const end = Math.min(rowCount, start + step);
    const sql = `SELECT ${list} FROM catalog JOIN ${ORDERED} AS ordered ON ordered."@row" = catalog.rowid
      WHERE ordered."@n" >= ${start} AND ordered."@n" < ${end} ORDER BY ordered."@n"`;
    yield* streamBatches(source, limits, sql, end - start, signal);
  }
}

/** Rows that are sorted in memory at once: fewer where rows are large. */
function stepRows(partitions: readonly DescribedPartition[]): number {
  const largest = Math.max(1, ...partitions.map(({ bytes, rows }) => bytes / Math.max(1, rows)));
  return Math.max(100, Math.min(GROUP.rows, Math.floor(GROUP.bytes / largest)));
}
