import type { DuckDBResult } from "@duckdb/node-api";
import { formatPartition, PARTITION_COLUMNS, type PartitionKey } from "../../schema/partition.ts";
import { type Database, interruptible } from "../database.ts";
import { relateNumbers } from "../number-table.ts";
import { type ColumnCondition, type DescribedPartition, uploadedNames } from "../row-plan.ts";
import { type Candidates, lookUp } from "../search-index/lookup.ts";
import type { RowRange } from "../search-index/ranges.ts";
import {
  addRow,
  countWithin,
  createRowSet,
  type RowSet,
  rowsWithin,
  unite,
} from "../search-index/row-set.ts";
import { quoteText } from "../sql.ts";
import { holdsText } from "../text-leaves.ts";
import { renderCondition } from "./condition.ts";
import type { LocatedCatalog } from "./described.ts";

/** Rows that meet a condition. */
export interface FoundRows {
  /** Their number in each partition, in the order given. */
  counts: number[];
  /** Their rowids: by partition, within one in stored order. */
  rows(): Iterable<number>;
}

/** A selected partition with the ranges of its rows. */
interface Located {
  partition: DescribedPartition;
  ranges: RowRange[];
}

/** Of candidates beyond this part of the rows, all rows are read instead: they lie in order. */
const MAX_DOUBTFUL_SHARE = 0.2;

/**
 * Finds the rows of these partitions that meet a condition. Partitions that the search index knows whole are looked up
 * there, others are read.
 */
export async function findRows(
  database: Database,
  partitions: readonly DescribedPartition[],
  condition: ColumnCondition,
  catalog: LocatedCatalog,
  signal: AbortSignal | undefined,
): Promise<FoundRows> {
  const located = partitions.map((partition) => ({
    partition,
    ranges: catalog.ranges.get(formatPartition(partition)) ?? [],
  }));
  const found = createRowSet(catalog.rowEnd);
  await interruptible(database, signal, async () => {
    const known = located.filter(({ partition }) => isIndexed(partition, condition, catalog));
    const candidates = known.length > 0 ? await lookUp(database, condition, catalog.rowEnd) : undefined;
    const isDone = candidates ? await takeCandidates(database, known, candidates, condition, found) : false;
    const rest = isDone ? located.filter((one) => !known.includes(one)) : located;
    await scanRows(database, rest, condition, found);
  });
  return {
    counts: located.map(({ ranges }) => countRanges(found, ranges)),
    rows: () =>
      rowsOf(
        found,
        located.flatMap(({ ranges }) => ranges),
      ),
  };
}

function countRanges(set: RowSet, ranges: readonly RowRange[]): number {
  return ranges.reduce((sum, { row_start, row_end }) => sum + countWithin(set, row_start, row_end), 0);
}

function* rowsOf(set: RowSet, ranges: readonly RowRange[]): Generator<number> {
  for (const { row_start, row_end } of ranges) yield* rowsWithin(set, row_start, row_end);
}

/** Adds what the index found in these partitions, unless so much is doubtful that all is better read: then false. */
async function takeCandidates(
  database: Database,
  known: readonly Located[],
  { exact, doubtful }: Candidates,
  condition: ColumnCondition,
  into: RowSet,
): Promise<boolean> {
  // What is not of these partitions is in no range that is looked at.
  const ranges = known.flatMap((one) => one.ranges);
  const rowCount = known.reduce((sum, { partition }) => sum + partition.rows, 0);
  const doubtfulCount = countRanges(doubtful, ranges);
  if (doubtfulCount > rowCount * MAX_DOUBTFUL_SHARE) return false;
  unite(into, exact);
  if (doubtfulCount === 0) return true;
  const { relation } = await relateNumbers(database, rowsOf(doubtful, ranges));
  const normal = known.every(({ partition }) => isNormal(partition, condition));
  const result = await database.stream(
    `SELECT catalog.rowid FROM catalog JOIN ${relation} AS doubtful ON doubtful."@number" = catalog.rowid
     WHERE ${renderCondition(condition, normal)}`,
  );
  await addRowids(result, into);
  return true;
}

/** Adds the matching rows of these partitions; reads every text of theirs. */
async function scanRows(
  database: Database,
  located: readonly Located[],
  condition: ColumnCondition,
  into: RowSet,
): Promise<void> {
  for (const normal of [true, false]) {
    const group = located.filter(({ partition }) => isNormal(partition, condition) === normal);
    if (group.length === 0) continue;
    const keys = group.map(({ partition }) => `(${keyTexts(partition).join(", ")})`);
    const names = PARTITION_COLUMNS.join(", ");
    const result = await database.stream(
      `SELECT catalog.rowid FROM catalog JOIN (VALUES ${keys.join(", ")}) AS chosen(${names}) USING (${names})
       WHERE ${renderCondition(condition, normal)}`,
    );
    await addRowids(result, into);
  }
}

async function addRowids(result: DuckDBResult, into: RowSet): Promise<void> {
  for (;;) {
    const chunk = await result.fetchChunk();
    if (chunk === null || chunk.rowCount === 0) return;
    const { items } = chunk.getColumnVector(0) as unknown as { items: BigInt64Array };
    const { rowCount } = chunk; // asks the engine each time
    for (let row = 0; row < rowCount; row++) addRow(into, Number(items[row]));
  }
}

function keyTexts(key: PartitionKey): string[] {
  return PARTITION_COLUMNS.map((name) => quoteText(key[name]));
}

/** Whether all texts in the condition's columns are in NFC, as far as the partition's files tell. */
function isNormal({ columns }: DescribedPartition, condition: ColumnCondition): boolean {
  return condition.columns.every(({ name }) => {
    const column = columns.find((one) => one.name === name);
    return column === undefined || column.nfc === true || !holdsText(column.type);
  });
}

/** The index holds what came with an upload, and names; where a column is the lake's, or no text, it knows nothing. */
function isIndexed(
  partition: DescribedPartition,
  { columns }: ColumnCondition,
  { indexed }: LocatedCatalog,
): boolean {
  if (!indexed.has(formatPartition(partition))) return false;
  const uploaded = uploadedNames(partition.columns);
  const held = new Set(partition.columns.map(({ name }) => name));
  return columns.every(({ name, type }) => holdsText(type) && (uploaded.has(name) || !held.has(name)));
}
