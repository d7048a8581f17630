import { PARTITION_COLUMNS, type PartitionKey } from "../../schema/partition.ts";
import { type Database, interruptible } from "../database.ts";
import type { ColumnCondition, DescribedPartition } from "../row-plan.ts";
import { quoteText } from "../sql.ts";
import { renderCondition } from "./condition.ts";

/** The temporary table of matching rows: `part` is the partition's position in the plan, `row` a rowid of `catalog`. */
export const FOUND = "temp.found";

/**
 * Finds the rows of these partitions that meet a condition, leaves them in `temp.found`, and gives their number in each
 * partition.
 */
export async function findRows(
  database: Database,
  partitions: readonly DescribedPartition[],
  condition: ColumnCondition,
  signal: AbortSignal | undefined,
): Promise<number[]> {
  const numbered = partitions.map((partition, part) => ({ partition, part }));
  return interruptible(database, signal, async () => {
    await database.run(`CREATE OR REPLACE TEMP TABLE ${FOUND} (part INTEGER, "row" BIGINT)`);
    await scanRows(database, numbered, condition);
    return countFound(database, partitions.length);
  });
}

export interface NumberedPartition {
  partition: DescribedPartition;
  part: number;
}

/** Adds the matching rows of these partitions to `temp.found`; reads every text of theirs. */
export async function scanRows(
  database: Database,
  numbered: readonly NumberedPartition[],
  condition: ColumnCondition,
): Promise<void> {
  for (const normal of [true, false]) {
    const group = numbered.filter(({ partition }) => isNormal(partition, condition) === normal);
    if (group.length === 0) continue;
    const parts = group.map(({ partition, part }) => `(${[part, ...keyTexts(partition)].join(", ")})`);
    await database.run(
      `INSERT INTO ${FOUND} SELECT p.part, c.rowid FROM catalog AS c
       JOIN (VALUES ${parts.join(", ")}) AS p(part, ${PARTITION_COLUMNS.join(", ")}) USING (${PARTITION_COLUMNS.join(", ")})
       WHERE ${renderCondition(condition, normal)}`,
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
