import type { RecordBatch } from "apache-arrow";
import { formatPartition, PARTITION_COLUMNS, type PartitionKey } from "../../schema/partition.ts";
import type { PartitionCount } from "../../schema/query.ts";
import { quoteList, quoteText } from "../sql.ts";
import { type Source, selectList, streamBatches } from "./stream.ts";

/** A partition with what its rows take: bytes are those of its Parquet files. */
export interface SizedPartition extends PartitionCount {
  bytes: number;
}

/** All rows of partitions, up to a number: one group of partitions after the other, each in stored order. */
export async function* readRows(
  source: Source,
  partitions: readonly SizedPartition[],
  rowCount: number,
  limits: string[],
  signal: AbortSignal | undefined,
): AsyncGenerator<RecordBatch> {
  const list = selectList(source);
  let left = rowCount;
  for (const group of groupPartitions(partitions)) {
    if (left <= 0) return;
    const sql = `SELECT ${list} FROM catalog ${inOrder(group)}`;
    for await (const batch of streamBatches(source, limits, sql, left, signal)) {
      yield batch;
      left -= batch.numRows;
    }
  }
}

/** Partitions up to so many rows and bytes of Parquet together are read by one query, which sorts them in memory. */
export const GROUP = { rows: 20_000, bytes: 8_000_000 };

type Sized = Pick<SizedPartition, "rows" | "bytes">;

/** Neighbours of few rows together, the others alone: neither a query for each of thousands nor a sort of millions. */
export function groupPartitions<P extends Sized>(partitions: readonly P[]): P[][] {
  const groups: P[][] = [];
  let sum = { rows: 0, bytes: 0 };
  for (const partition of partitions) {
    const last = groups.at(-1);
    const both = { rows: sum.rows + partition.rows, bytes: sum.bytes + partition.bytes };
    if (last && both.rows <= GROUP.rows && both.bytes <= GROUP.bytes) {
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
function inOrder(group: readonly PartitionKey[]): string {
  const conditions = group.map((key) =>
    PARTITION_COLUMNS.map((name) => `${name} = ${quoteText(key[name])}`).join(" AND "),
  );
  const where = `WHERE (${conditions.join(") OR (")})`;
  if (group.length === 1) return where;
  return `${where} ORDER BY list_position(${quoteList(group.map(formatPartition))}, concat_ws('/', ${PARTITION_COLUMNS.join(", ")})), rowid`;
}
