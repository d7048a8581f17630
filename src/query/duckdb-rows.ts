import type { RecordBatch, Schema } from "apache-arrow";
import { parseSize } from "../config.ts";
import type { Column } from "../schema/columns.ts";
import { formatPartition, PARTITION_COLUMNS, type PartitionKey } from "../schema/partition.ts";
import type { PartitionCount } from "../schema/query.ts";
import { type Database, interruptible } from "./database.ts";
import { quoteList, quoteName, quoteText } from "./sql.ts";

/** A partition with what its rows take: bytes are those of its Parquet files. */
export interface SizedPartition extends PartitionCount {
  bytes: number;
}

/** What to read of an open catalog. */
export interface Reading {
  database: Database;
  /** Memory to begin with, as in DuckDB settings; 128 MB without. */
  scanMemory: string | undefined;
  columns: readonly Column[];
  schema: Schema;
  partitions: readonly SizedPartition[];
  rowCount: number;
  /** Types as the catalog holds them. */
  stored: ReadonlyMap<string, string>;
}

/** One group of partitions after the other, each in stored order; closes the database at its end. */
export async function* readRows(
  reading: Reading,
  signal: AbortSignal | undefined,
): AsyncGenerator<RecordBatch> {
  const { columns, partitions, stored } = reading;
  const list = columns.map(({ name, type }) => {
    const quoted = quoteName(name);
    return stored.get(name) === type ? quoted : `CAST(${quoted} AS ${type}) AS ${quoted}`;
  });
  let left = reading.rowCount;
  try {
    const limits = await scanLimits(reading.database, reading.scanMemory);
    for (const group of groupPartitions(partitions)) {
      if (left <= 0) return;
      const sql = `SELECT ${list.join(", ")} FROM catalog ${inOrder(group)}`;
      for await (const batch of streamBatches(reading, limits, sql, left, signal)) {
        yield batch;
        left -= batch.numRows;
      }
    }
  } finally {
    reading.database.close();
  }
}

/** What a scan may hold of the file at first; more would mostly keep what is not read again. */
const SCAN_MEMORY = "128MB";

/** The memory limits that a read tries in turn: a low one, then what this database was opened with. */
async function scanLimits(database: Database, first = SCAN_MEMORY): Promise<string[]> {
  const [setting] = await database.rows<{ memory: string }>(
    "SELECT current_setting('memory_limit') AS memory",
  );
  const allowed = setting?.memory ?? first;
  return parseSize(allowed) > parseSize(first) ? [first, allowed] : [allowed];
}

/** Rows too large for the first limit (2,048 of them are read at once) are read on from there with the next. */
async function* streamBatches(
  { database, schema }: Pick<Reading, "database" | "schema">,
  limits: string[],
  sql: string,
  rowLimit: number,
  signal: AbortSignal | undefined,
): AsyncGenerator<RecordBatch> {
  const { chunkToBatches } = await import("./arrow-batches.ts");
  let given = 0;
  for (;;) {
    try {
      // Said in full: RESET changes what the setting shows, not what holds.
      await database.run(`SET memory_limit = ${quoteText(limits[0] ?? SCAN_MEMORY)}`);
      const window = `LIMIT ${rowLimit - given} OFFSET ${given}`;
      const result = await interruptible(database, signal, () => database.stream(`${sql} ${window}`));
      for (;;) {
        const chunk = await interruptible(database, signal, () => result.fetchChunk());
        if (chunk === null || chunk.rowCount === 0) return;
        yield* chunkToBatches(chunk, schema);
        given += chunk.rowCount;
      }
    } catch (error) {
      const outOfMemory = error instanceof Error && error.message.startsWith("Out of Memory");
      if (!outOfMemory || limits.length < 2) throw error;
      limits.shift();
    }
  }
}

/** Partitions up to so many rows and bytes of Parquet together are read by one query, which sorts them in memory. */
const GROUP = { rows: 20_000, bytes: 8_000_000 };

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
