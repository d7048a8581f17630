import type { QueryEngine } from "../../query/engine.ts";
import { NAMED_LABEL_COLUMNS } from "../../schema/labels/shapes.ts";
import { formatPartition, type PartitionKey } from "../../schema/partition.ts";

/** Names of those partitions of pages that have labels: one question for each column that may hold them. */
export async function findUnreadPages(
  engine: QueryEngine,
  partitions: readonly PartitionKey[],
  signal: AbortSignal,
): Promise<string[]> {
  if (partitions.length === 0) return [];
  const selection = {
    providers: partitions.map(({ provider }) => provider),
    datasets: partitions.map(({ dataset }) => dataset),
    tasks: partitions.map(({ task }) => task),
    variants: partitions.map(({ variant }) => variant),
    limit: 0,
  };
  const { columns } = await engine.retrieveWithExistingCols(selection, signal);
  const labelled = new Set<string>();
  for (const { name: column } of columns.filter(({ name }) => NAMED_LABEL_COLUMNS.includes(name))) {
    const found = await engine.retrieveWithExistingCols({ ...selection, column }, signal);
    for (const key of found.partitions) labelled.add(formatPartition(key));
  }
  return partitions.map(formatPartition).filter((name) => labelled.has(name));
}
