import type { RecordBatch } from "apache-arrow";
import { AppError } from "../../errors.ts";
import type { Column } from "../../schema/columns.ts";
import type { PartitionKey } from "../../schema/partition.ts";
import type { RowQuery, RowResult } from "../../schema/query.ts";
import { isOfLabel, type RowOrder } from "../../schema/row-filter.ts";
import { parseType } from "../../schema/type-tree.ts";
import type { Database } from "../database.ts";
import { planRows, type RowPlan } from "../row-plan.ts";
import { quoteText } from "../sql.ts";
import { describeCatalog, locateRows, type StoredPartition } from "./described.ts";
import type { FoundRows } from "./find-rows.ts";
import { layoutOf, ofParts, ROW, selectRows } from "./homes.ts";
import { loadLabels, type OpenLabelFacts } from "./label-facts.ts";
import type { RowSearch } from "./match-rows.ts";
import { readFound } from "./read-found.ts";
import { readRows } from "./read-rows.ts";
import { listRows } from "./row-list.ts";
import type { Source } from "./stream.ts";

/** Some rows of a query by their place, whatever their number: what a page that is scrolled anywhere asks for. */
export interface RowsAt {
  generation: number;
  /** All rows that the query means. */
  total: number;
  /** The rows in order: each is a row of a piece. */
  rows: { piece: number; row: number; partition: StoredPartition }[];
  /** Of partitions that are read alike; the columns of a batch are `columns`. */
  pieces: { columns: Column[]; batches: RecordBatch[] }[];
}

export interface RowsAtRequest {
  query: RowQuery;
  order?: RowOrder | undefined;
  at: number;
  count: number;
  /** Columns of a partition that are read. */
  choose(partition: StoredPartition): readonly Column[];
}

/**
 * Reads `count` rows from place `at`, in the order of `retrieveWithExistingCols` unless another is given. Throws as that
 * does, and `not_counted`.
 */
export async function readRowsAt(
  database: Database,
  labels: OpenLabelFacts | undefined,
  { query, order, at, count, choose }: RowsAtRequest,
  signal?: AbortSignal,
): Promise<RowsAt> {
  const { known, table, generation } = await describeCatalog(database);
  const plan = planRows(known, table, query, true);
  const search = { database, catalog: await locateRows(database), labels, signal };
  const list = await listRows(search, plan, await keyOf(search, plan, { query, order }), order);
  const slice = list.slice(at, count);
  const groups = [...Map.groupBy(slice, ({ partition }) => layoutOf(partition)).values()];
  const pieces: RowsAt["pieces"] = [];
  const places = new Map<number, { piece: number; row: number }>();
  for (const [piece, group] of groups.entries()) {
    const [first] = group as [(typeof group)[0]];
    const numbers = group.map(({ number }) => number).sort((a, b) => a - b);
    for (const [row, number] of numbers.entries()) places.set(number, { piece, row });
    pieces.push(await readNumbers(database, first.partition, numbers, choose(first.partition), signal));
  }
  const rows = slice.map(({ number, partition }) => ({
    ...(places.get(number) as { piece: number; row: number }),
    partition,
  }));
  return { generation, total: list.total, rows, pieces };
}

/** What the rows of a query depend on, as a text. */
async function keyOf(
  { database, catalog, labels }: RowSearch,
  { partitions, filters }: RowPlan<StoredPartition>,
  { query, order }: Pick<RowsAtRequest, "query" | "order">,
): Promise<string> {
  const names = [...filters.map(({ name }) => name), order?.by ?? ""];
  if (labels === undefined || !names.some(isOfLabel)) return JSON.stringify(query);
  const { version } = await loadLabels(database, await labels(), partitions, catalog);
  return `${version} ${JSON.stringify(query)}`;
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
  const { source, columns } = await sourceOf(database, wanted);
  const found: FoundRows = { counts: [numbers.length], rows: () => [{ partition, rows: numbers }] };
  const batches = await Array.fromAsync(
    readFound(source, found, numbers.length, Math.max(1, numbers.length), [], signal),
  );
  return { columns, batches };
}

/** All rows of one partition in stored order. */
export async function readPartition(
  database: Database,
  partition: StoredPartition,
  wanted: readonly Column[],
  signal?: AbortSignal,
): Promise<Pick<RowResult, "columns" | "partitions" | "batches">> {
  const { source, columns } = await sourceOf(database, wanted);
  return {
    columns,
    partitions: [partition],
    batches: readRows(source, [partition], partition.rows, [], signal),
  };
}

/** Columns of the types that batches can have. */
async function sourceOf(database: Database, wanted: readonly Column[]) {
  const { arrowSchema, isArrowType } = await import("../arrow/types.ts");
  const columns = wanted.map(({ name, type }) => ({
    name,
    type: isArrowType(parseType(type)) ? type : "VARCHAR",
  }));
  const source: Source = { database, columns, schema: arrowSchema(columns), stats: { engineMs: 0 } };
  return { source, columns };
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
