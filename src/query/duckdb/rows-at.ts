import type { RecordBatch } from "apache-arrow";
import { AppError } from "../../errors.ts";
import type { Column } from "../../schema/columns.ts";
import type { PartitionKey } from "../../schema/partition.ts";
import type { RowQuery } from "../../schema/query.ts";
import { parseType } from "../../schema/type-tree.ts";
import type { Database } from "../database.ts";
import { planRows } from "../row-plan.ts";
import type { RowRange } from "../search-index/ranges.ts";
import { quoteText } from "../sql.ts";
import { describeCatalog, locateRows, type StoredPartition } from "./described.ts";
import { type FoundRows, findRows } from "./find-rows.ts";
import { ofParts, ROW, selectRows } from "./homes.ts";
import { readFound } from "./read-found.ts";
import type { Source } from "./stream.ts";

/** Some rows of a query by their place, whatever their number: what a page that is scrolled anywhere asks for. */
export interface RowsAt {
  generation: number;
  /** All rows that the query means. */
  total: number;
  /** Partition by partition; the columns of a batch are `columns`. */
  pieces: { partition: StoredPartition; columns: Column[]; batches: RecordBatch[] }[];
}

/** Conditions that were searched for, by instance and text, so that the next rows of the same ones cost nothing. */
const FOUND = new WeakMap<object, Map<string, Promise<FoundRows>>>();
const FOUND_AT_ONCE = 8;

/**
 * Reads `count` rows from place `at`, in the order of `retrieveWithExistingCols`. `choose` says which columns of a partition
 * are read. Throws as that does.
 */
export async function readRowsAt(
  database: Database,
  query: RowQuery,
  { at, count }: { at: number; count: number },
  choose: (partition: StoredPartition) => readonly Column[],
  signal?: AbortSignal,
): Promise<RowsAt> {
  const { known, table, generation } = await describeCatalog(database);
  const { partitions, condition } = planRows(known, table, query, true);
  const catalog = await locateRows(database);
  const found =
    condition &&
    (await remember(database, JSON.stringify(query), () =>
      findRows(database, partitions, condition, catalog, signal),
    ));
  const counts = found?.counts ?? partitions.map(({ rows }) => rows);
  const total = counts.reduce((sum, rows) => sum + rows, 0);
  const hits = found && new Map([...found.rows()].map(({ partition, rows }) => [partition, rows]));
  const pieces: RowsAt["pieces"] = [];
  let before = 0;
  let left = count;
  for (const [index, partition] of partitions.entries()) {
    const rows = counts[index] ?? 0;
    const skip = Math.max(0, at - before);
    before += rows;
    if (left <= 0) break;
    if (skip >= rows) continue;
    const numbers = hits
      ? sliceOf(hits.get(partition) ?? [], skip, left)
      : numbersIn(catalog.ranges.get(partition.part) ?? [], skip, left);
    left -= numbers.length;
    pieces.push({
      partition,
      ...(await readNumbers(database, partition, numbers, choose(partition), signal)),
    });
  }
  return { generation, total, pieces };
}

/** The rows of a partition that a condition in SQL over its columns holds for, `limit` at most. */
export async function findInPartitions(
  database: Database,
  partitions: readonly StoredPartition[],
  columns: readonly Column[],
  condition: string,
  limit: number,
): Promise<{ partition: StoredPartition; numbers: number[] }[]> {
  const found: { partition: StoredPartition; numbers: number[] }[] = [];
  let left = limit;
  for (const partition of partitions) {
    if (left <= 0) break;
    const sql = `SELECT ${ROW} AS n FROM (${selectRows([partition], columns, ofParts([partition]))}) WHERE ${condition} LIMIT ${left}`;
    const rows = await database.rows<{ n: number }>(sql);
    if (rows.length === 0) continue;
    found.push({ partition, numbers: rows.map(({ n }) => Number(n)).sort((a, b) => a - b) });
    left -= rows.length;
  }
  return found;
}

/** Reads rows of one partition by their numbers. */
export async function readNumbers(
  database: Database,
  partition: StoredPartition,
  numbers: readonly number[],
  wanted: readonly Column[],
  signal?: AbortSignal,
): Promise<{ columns: Column[]; batches: RecordBatch[] }> {
  const { arrowSchema, isArrowType } = await import("../arrow/types.ts");
  const columns = wanted.map(({ name, type }) => ({
    name,
    type: isArrowType(parseType(type)) ? type : "VARCHAR",
  }));
  const source: Source = { database, columns, schema: arrowSchema(columns), stats: { engineMs: 0 } };
  const found: FoundRows = { counts: [numbers.length], rows: () => [{ partition, rows: numbers }] };
  const batches = await Array.fromAsync(
    readFound(source, found, numbers.length, Math.max(1, numbers.length), [], signal),
  );
  return { columns, batches };
}

/** The stored partition of a key. Throws `not_found`. */
export async function requirePartition(
  database: Database,
  key: PartitionKey,
): Promise<{ partition: StoredPartition; known: StoredPartition[]; generation: number }> {
  const { known, generation } = await describeCatalog(database);
  const partition = known.find(
    (one) =>
      one.provider === key.provider &&
      one.dataset === key.dataset &&
      one.task === key.task &&
      one.variant === key.variant,
  );
  if (partition === undefined) {
    throw new AppError("not_found", "there is no such partition in the catalog", { details: { ...key } });
  }
  return { partition, known, generation };
}

/** SQL that holds for the row of an upload. */
export function isUploadRow(uploadId: string, sourceRow: number): string {
  return `upload_id = ${quoteText(uploadId)} AND source_row = ${Math.trunc(sourceRow)}`;
}

function remember(database: Database, key: string, find: () => Promise<FoundRows>): Promise<FoundRows> {
  const known = FOUND.get(database.instance) ?? new Map<string, Promise<FoundRows>>();
  FOUND.set(database.instance, known);
  const before = known.get(key);
  if (before !== undefined) {
    known.delete(key);
    known.set(key, before);
    return before;
  }
  const finding = find();
  known.set(key, finding);
  finding.catch(() => known.delete(key));
  const [oldest] = known.keys();
  if (known.size > FOUND_AT_ONCE && oldest !== undefined) known.delete(oldest);
  return finding;
}

function sliceOf(numbers: Iterable<number>, skip: number, count: number): number[] {
  const slice: number[] = [];
  let at = 0;
  for (const number of numbers) {
    if (at++ < skip) continue;
    slice.push(number);
    if (slice.length === count) break;
  }
  return slice;
}

/** The numbers of rows `skip` and following of a partition. */
function numbersIn(ranges: readonly RowRange[], skip: number, count: number): number[] {
  const numbers: number[] = [];
  let before = 0;
  for (const { row_start: start, row_end: end } of ranges) {
    const from = start + Math.max(0, skip - before);
    before += end - start;
    for (let number = from; number < end && numbers.length < count; number++) numbers.push(number);
    if (numbers.length === count) break;
  }
  return numbers;
}
