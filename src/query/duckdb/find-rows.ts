import type { DuckDBDataChunk } from "@duckdb/node-api";
import type { Column } from "../../schema/columns.ts";
import { type Database, interruptible } from "../database.ts";
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
import { holdsText } from "../text-leaves.ts";
import { chooseRows } from "./choose-rows.ts";
import { renderCondition } from "./condition.ts";
import type { LocatedCatalog, StoredPartition } from "./described.ts";
import { layoutOf, ofParts, ROW, selectRows } from "./homes.ts";

/** Rows that meet a condition. */
export interface FoundRows {
  /** Their number in each partition, in the order given. */
  counts: number[];
  /** Their numbers in each partition that has any, in stored order. */
  rows(): Iterable<{ partition: StoredPartition; rows: Iterable<number> }>;
}

/** Rows that were found among all of the catalog. */
export interface FoundSet extends FoundRows {
  set: RowSet;
}

/** A selected partition with ranges of its rows. */
interface Located {
  partition: StoredPartition;
  ranges: RowRange[];
  /** Where they are not all: the number of the first. */
  from?: number;
}

/** Of candidates beyond this part of the rows, all rows are read instead: they lie in order. */
const MAX_DOUBTFUL_SHARE = 0.2;

/** Rows that are read by more than one thread: more than a row group, and more than it takes to find them by number. */
const MANY_ROWS = 30_720;
const MANY_DOUBTFUL = 2000;

/**
 * Finds the rows of these partitions that meet a condition. Rows that the search index knows are looked up there, others
 * are read.
 */
export async function findRows(
  database: Database,
  partitions: readonly StoredPartition[],
  condition: ColumnCondition,
  catalog: LocatedCatalog,
  signal: AbortSignal | undefined,
): Promise<FoundSet> {
  const located = locate(partitions, catalog);
  const found = createRowSet(catalog.rowEnd);
  const known = located.flatMap((one) => knownOf(one, condition, catalog));
  const knownBy = new Map(known.map((one) => [one.partition, one.ranges]));
  const unknown = located.flatMap((one) => unknownOf(one, knownBy.get(one.partition)));
  await interruptible(database, signal, async () => {
    const candidates = known.length > 0 ? await lookUp(database, condition, catalog.rowEnd) : undefined;
    const isDone = candidates ? await takeCandidates(database, known, candidates, condition, found) : false;
    await scanRows(database, isDone ? unknown : located, condition, found);
  });
  return foundIn(partitions, found, catalog);
}

/** What of a set lies in these partitions. */
export function foundIn(
  partitions: readonly StoredPartition[],
  set: RowSet,
  catalog: LocatedCatalog,
): FoundSet {
  const located = locate(partitions, catalog);
  return {
    set,
    counts: located.map(({ ranges }) => countRanges(set, ranges)),
    rows: () => located.map(({ partition, ranges }) => ({ partition, rows: rowsOf(set, ranges) })),
  };
}

/** The numbers of all rows that were found. */
export function* numbersOf(found: FoundRows): Generator<number> {
  for (const { rows } of found.rows()) yield* rows;
}

function locate(partitions: readonly StoredPartition[], { ranges }: LocatedCatalog): Located[] {
  return partitions.map((partition) => ({ partition, ranges: ranges.get(partition.part) ?? [] }));
}

function countRanges(set: RowSet, ranges: readonly RowRange[]): number {
  return ranges.reduce((sum, { row_start, row_end }) => sum + countWithin(set, row_start, row_end), 0);
}

/** All of their rows. */
function countOf(ranges: readonly RowRange[]): number {
  return ranges.reduce((sum, { row_start, row_end }) => sum + row_end - row_start, 0);
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
  const rowCount = countOf(ranges);
  const doubtfulCount = countRanges(doubtful, ranges);
  if (doubtfulCount > rowCount * MAX_DOUBTFUL_SHARE) return false;
  unite(into, exact);
  if (doubtfulCount === 0) return true;
  if (doubtfulCount > MANY_DOUBTFUL) await database.spread();
  for (const { group, normal } of readAlike(known, condition)) {
    const within = group.flatMap((one) => one.ranges);
    if (countRanges(doubtful, within) === 0) continue;
    const { where } = await chooseRows(database, rowsOf(doubtful, within));
    const matches = matchesOf(group, condition, normal, where);
    if (matches === undefined) continue;
    // To ask more of rows that are chosen by number makes the engine read every text before it looks at a number.
    const sql = `SELECT CASE WHEN ${matches.holds} THEN ${ROW} ELSE ${NO_ROW} END FROM (${matches.rows})`;
    await addNumbers(database.chunks(sql), into);
  }
  return true;
}

/** Adds the matching rows of these partitions; reads every text of theirs. */
async function scanRows(
  database: Database,
  located: readonly Located[],
  condition: ColumnCondition,
  into: RowSet,
): Promise<void> {
  const rowCount = countOf(located.flatMap(({ ranges }) => ranges));
  if (rowCount > MANY_ROWS) await database.spread();
  for (const { group, normal } of readAlike(located, condition)) {
    const from = Math.min(...group.map((one) => one.from ?? 0));
    const parts = ofParts(group.map(({ partition }) => partition));
    const where = from > 0 ? `${parts} AND ${ROW} >= ${from}` : parts;
    const matches = matchesOf(group, condition, normal, where);
    if (matches === undefined) continue;
    const sql = `SELECT ${ROW} FROM (${matches.rows}) WHERE ${matches.holds}`;
    await addNumbers(database.chunks(sql), into);
  }
}

/** Partitions that one query reads, and whether their texts are known to be in NFC. */
function readAlike(located: readonly Located[], condition: ColumnCondition) {
  const groups = Map.groupBy(
    located,
    ({ partition, from }) => `${isNormal(partition, condition)} ${from !== undefined} ${layoutOf(partition)}`,
  );
  return Array.from(groups.values(), (group) => ({
    group,
    normal: group.every(({ partition }) => isNormal(partition, condition)),
  }));
}

/** SQL of rows of partitions of one layout, and of what has to hold for them; each column has its own type there. */
function matchesOf(
  group: readonly Located[],
  condition: ColumnCondition,
  normal: boolean,
  where: string,
): { rows: string; holds: string } | undefined {
  const partitions = group.map(({ partition }) => partition);
  const columns = condition.columns.filter(
    ({ name }) =>
      condition.rows !== undefined || // the names of a partition are columns of no partition
      partitions.some((partition) => partition.columns.some((column) => column.name === name)),
  );
  if (columns.length === 0) return undefined;
  return {
    rows: selectRows(partitions, columns, where),
    holds: renderCondition({ ...condition, columns }, normal),
  };
}

/** Stands where a row is not meant. */
const NO_ROW = -1;

/** Adds the numbers of rows, a column of chunks. */
export async function addNumbers(chunks: AsyncIterable<DuckDBDataChunk>, into: RowSet): Promise<void> {
  for await (const chunk of chunks) {
    const { items } = chunk.getColumnVector(0) as unknown as { items: Int32Array };
    const { rowCount } = chunk; // asks the engine each time
    for (let row = 0; row < rowCount; row++) {
      const number = items[row] as number;
      if (number !== NO_ROW) addRow(into, number);
    }
  }
}

/** Whether all texts in the condition's columns are in NFC, as far as the partition's files tell. */
function isNormal({ columns }: DescribedPartition, condition: ColumnCondition): boolean {
  return condition.columns.every(({ name }) => {
    const column = columns.find((one) => one.name === name);
    return column === undefined || column.nfc === true || !holdsText(column.type);
  });
}

/** What of a partition the index tells of: nothing where a column is the lake's, or no text there. */
function knownOf({ partition, ranges }: Located, { columns }: ColumnCondition, catalog: LocatedCatalog) {
  const starts = new Set((catalog.indexed.get(partition.part) ?? []).map(({ row_start }) => row_start));
  const known = ranges.filter(({ row_start }) => starts.has(row_start));
  // The index holds what came with an upload, and names.
  const uploaded = uploadedNames(partition.columns);
  const held = typesOf(partition.columns);
  const isTold = columns.every(
    ({ name, type }) =>
      holdsText(type) && (!held.has(name) || (uploaded.has(name) && held.get(name) === type)),
  );
  return isTold && known.length > 0 ? [{ partition, ranges: known }] : [];
}

/** Every search asks for those of each partition. */
const TYPES = new WeakMap<readonly Column[], ReadonlyMap<string, string>>();

function typesOf(columns: readonly Column[]): ReadonlyMap<string, string> {
  const types = TYPES.get(columns) ?? new Map(columns.map(({ name, type }) => [name, type]));
  TYPES.set(columns, types);
  return types;
}

/** The rest of a partition. */
function unknownOf(one: Located, known: readonly RowRange[] | undefined): Located[] {
  if (known === undefined) return [one];
  const ranges = one.ranges.filter((range) => !known.includes(range));
  const [first] = ranges;
  return first === undefined ? [] : [{ partition: one.partition, ranges, from: first.row_start }];
}
