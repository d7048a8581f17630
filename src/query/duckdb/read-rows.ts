import type { RecordBatch } from "apache-arrow";
import type { StoredPartition } from "./described.ts";
import { homeTable, layoutOf, ofParts, PART, ROW, readColumns } from "./homes.ts";
import { type Source, streamBatches } from "./stream.ts";

/** All rows of partitions, up to a number: one group of partitions after the other, each in stored order. */
export async function* readRows(
  source: Source,
  partitions: readonly StoredPartition[],
  rowCount: number,
  limits: string[],
  signal: AbortSignal | undefined,
): AsyncGenerator<RecordBatch> {
  let left = rowCount;
  for (const group of groupPartitions(partitions, layoutOf)) {
    if (left <= 0) return;
    const list = readColumns(group, source.columns).join(", ");
    const sql = `SELECT ${list} FROM ${homeTable(group[0]?.home ?? 0)} ${inOrder(group)}`;
    for await (const batch of streamBatches(source, limits, sql, left, signal)) {
      yield batch;
      left -= batch.numRows;
    }
  }
}

/** Partitions up to so many rows and bytes of Parquet together are read by one query, which sorts them in memory. */
export const GROUP = { rows: 20_000, bytes: 8_000_000 };

type Sized = Pick<StoredPartition, "rows" | "bytes">;

/**
 * Neighbours of few rows and one layout together, the others alone: neither a query for each of thousands nor a sort of
 * millions.
 */
export function groupPartitions<P extends Sized>(
  partitions: readonly P[],
  layout: (partition: P) => string = () => "",
): P[][] {
  const groups: P[][] = [];
  let lastLayout = "";
  let sum = { rows: 0, bytes: 0 };
  for (const partition of partitions) {
    const last = groups.at(-1);
    const both = { rows: sum.rows + partition.rows, bytes: sum.bytes + partition.bytes };
    const own = layout(partition);
    const alike = own === lastLayout;
    lastLayout = own;
    if (last && alike && both.rows <= GROUP.rows && both.bytes <= GROUP.bytes) {
      last.push(partition);
      sum = both;
    } else {
      groups.push([partition]);
      sum = { rows: partition.rows, bytes: partition.bytes };
    }
  }
  return groups;
}

/** The rows of these partitions: a scan gives those of one as they were stored, several are put in order. */
function inOrder(group: readonly StoredPartition[]): string {
  const where = `WHERE ${ofParts(group)}`;
  if (group.length === 1) return where;
  return `${where} ORDER BY list_position([${group.map(({ part }) => part).join(", ")}], ${PART}), ${ROW}`;
}
