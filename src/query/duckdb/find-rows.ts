import { formatPartition, PARTITION_COLUMNS, type PartitionKey } from "../../schema/partition.ts";
import { type Database, interruptible } from "../database.ts";
import { type ColumnCondition, type DescribedPartition, isSearched } from "../row-plan.ts";
import { type Candidates, lookUp } from "../search-index/lookup.ts";
import type { RowRange } from "../search-index/ranges.ts";
import { countRows, type RowSet, rowsWithin } from "../search-index/row-set.ts";
import { quoteText } from "../sql.ts";
import { renderCondition } from "./condition.ts";
import { appendRows, DOUBTFUL, FOUND, makeRowTable } from "./row-tables.ts";

/** A selected partition and its position in the plan. */
interface Numbered {
  partition: DescribedPartition;
  part: number;
}

/** Of candidates beyond this part of the rows, all rows are read instead: they lie in order. */
const MAX_DOUBTFUL_SHARE = 0.2;

/**
 * Finds the rows of these partitions that meet a condition, leaves them in `temp.found`, and gives their number in each
 * partition. Partitions that the search index knows whole (`ranges`, ascending) are looked up there, others are read.
 */
export async function findRows(
  database: Database,
  partitions: readonly DescribedPartition[],
  condition: ColumnCondition,
  ranges: readonly RowRange[],
  signal: AbortSignal | undefined,
): Promise<number[]> {
  const numbered = partitions.map((partition, part) => ({ partition, part }));
  return interruptible(database, signal, async () => {
    await makeRowTable(database, FOUND);
    const own = rangesOf(numbered, ranges);
    const known = condition.columns.every(isSearched) ? numbered.filter((one) => isKnown(one, own)) : [];
    const candidates =
      known.length > 0 ? await lookUp(database, condition, ranges.at(-1)?.row_end ?? 0) : undefined;
    const looked = candidates ? await takeCandidates(database, known, own, candidates, condition) : [];
    const rest = numbered.filter((one) => !looked.includes(one));
    await scanRows(database, rest, condition);
    return countFound(database, partitions.length);
  });
}

/** The ranges of each numbered partition. */
function rangesOf(numbered: readonly Numbered[], ranges: readonly RowRange[]): RowRange[][] {
  const parts = new Map(numbered.map(({ partition, part }) => [formatPartition(partition), part]));
  const own: RowRange[][] = numbered.map(() => []);
  for (const range of ranges) {
    const part = parts.get(formatPartition(range));
    if (part !== undefined) own[part]?.push(range);
  }
  return own;
}

/** Whether the index knows all rows of a partition. */
function isKnown({ partition, part }: Numbered, own: readonly RowRange[][]): boolean {
  const rows = (own[part] ?? []).reduce((sum, range) => sum + range.row_end - range.row_start, 0);
  return rows === partition.rows;
}

/** Adds what the index found in these partitions; gives those that are done with. */
async function takeCandidates(
  database: Database,
  known: readonly Numbered[],
  own: readonly RowRange[][],
  { exact, doubtful }: Candidates,
  condition: ColumnCondition,
): Promise<readonly Numbered[]> {
  const rows = known.reduce((sum, { partition }) => sum + partition.rows, 0);
  if (countRows(doubtful) > rows * MAX_DOUBTFUL_SHARE) return [];
  function* within(set: RowSet) {
    for (const { part } of known) {
      for (const { row_start, row_end } of own[part] ?? []) {
        for (const row of rowsWithin(set, row_start, row_end)) yield { part, row };
      }
    }
  }
  await appendRows(database, FOUND, within(exact));
  await makeRowTable(database, DOUBTFUL);
  if ((await appendRows(database, DOUBTFUL, within(doubtful))) === 0) return known;
  const normal = known.every(({ partition }) => isNormal(partition, condition));
  await database.run(
    `INSERT INTO ${FOUND} SELECT d."@part", d."@row" FROM catalog
     JOIN (SELECT part AS "@part", "row" AS "@row" FROM ${DOUBTFUL}) AS d ON d."@row" = catalog.rowid
     WHERE ${renderCondition(condition, normal)}`,
  );
  return known;
}

/** Adds the matching rows of these partitions; reads every text of theirs. */
async function scanRows(
  database: Database,
  numbered: readonly Numbered[],
  condition: ColumnCondition,
): Promise<void> {
  for (const normal of [true, false]) {
    const group = numbered.filter(({ partition }) => isNormal(partition, condition) === normal);
    if (group.length === 0) continue;
    const parts = group.map(({ partition, part }) => `(${[part, ...keyTexts(partition)].join(", ")})`);
    const keys = PARTITION_COLUMNS.join(", ");
    await database.run(
      `INSERT INTO ${FOUND} SELECT p."@part", c.rowid FROM catalog AS c
       JOIN (VALUES ${parts.join(", ")}) AS p("@part", ${keys}) USING (${keys}) WHERE ${renderCondition(condition, normal)}`,
    );
  }
}

function keyTexts(key: PartitionKey): string[] {
  return PARTITION_COLUMNS.map((name) => quoteText(key[name]));
}

/** Whether all texts in the condition's columns are in NFC, as far as the partition's files tell. */
function isNormal({ columns }: DescribedPartition, condition: ColumnCondition): boolean {
  return condition.columns.every(({ name }) => {
    const column = columns.find((one) => one.name === name);
    return column === undefined || column.nfc === true || column.type !== "VARCHAR";
  });
}

async function countFound(database: Database, partitionCount: number): Promise<number[]> {
  const counts = new Array<number>(partitionCount).fill(0);
  const found = await database.rows<{ part: number; rows: number }>(
    `SELECT part, count(*) AS rows FROM ${FOUND} GROUP BY part`,
  );
  for (const { part, rows } of found) counts[part] = rows;
  return counts;
}
