import { AppError } from "../../../errors.ts";
import type { QueryEngine } from "../../../query/engine.ts";
import { formatPartition, PARTITION_COLUMNS, SELECTED } from "../../../schema/partition.ts";
import type { RowQuery, RowResult } from "../../../schema/query.ts";
import { formatBytes, formatCount, formatQuantity } from "../../../util/format.ts";
import { nearestWord } from "../../../util/nearest.ts";

/** Queries rows. Throws `not_found` that names what does not exist, with the nearest name. */
export function findRows(engine: QueryEngine, query: RowQuery, signal: AbortSignal): Promise<RowResult> {
  return withKnownNames(engine, query, signal, () => engine.retrieveWithExistingCols(query, signal));
}

/**
 * Runs work on the rows of a query, and throws `not_found` for a name in its selection that no partition has. The
 * engine is asked for them only where one wrong name among several would not be missed, or when nothing was found.
 */
export async function withKnownNames<T>(
  engine: QueryEngine,
  query: RowQuery,
  signal: AbortSignal,
  work: () => Promise<T>,
): Promise<T> {
  const several = PARTITION_COLUMNS.some((level) => (query[SELECTED[level]]?.length ?? 0) > 1);
  if (several) await refuseUnknown(engine, query, signal);
  try {
    return await work();
  } catch (error) {
    if (error instanceof AppError && error.code === "not_found") await refuseUnknown(engine, query, signal);
    throw error;
  }
}

async function refuseUnknown(engine: QueryEngine, query: RowQuery, signal: AbortSignal): Promise<void> {
  if (PARTITION_COLUMNS.every((level) => query[SELECTED[level]] === undefined)) return;
  const partitions = await engine.retrievePartitions({}, signal);
  for (const level of PARTITION_COLUMNS) {
    const names = new Set(partitions.map((partition) => partition[level]));
    for (const wanted of query[SELECTED[level]] ?? []) {
      if (names.has(wanted)) continue;
      const near = nearestWord(wanted, names);
      const hint =
        near === undefined ? "`datalake catalog partitions` lists what exists" : `did you mean ${near}?`;
      throw new AppError("not_found", `the catalog has no ${level} ${JSON.stringify(wanted)}; ${hint}`, {
        details: { [level]: wanted },
      });
    }
  }
}

/**
 * `1,234 hits in 3 partitions (12 ms)`, the name of a single one, which the table leaves out, and what it cost where the engine tells; complete when the rows were read.
 */
export function describeHits({ matchCount, partitions, stats }: RowResult, query: RowQuery): string {
  const word = query.text === undefined && query.column === undefined ? "row" : "hit";
  const cost = [
    `${formatCount(stats.engineMs)} ms`,
    ...(stats.scannedBytes === undefined ? [] : [`${formatBytes(stats.scannedBytes)} scanned`]),
    ...(stats.costUsd === undefined ? [] : [`about $${stats.costUsd.toFixed(4)}`]),
  ];
  const [only, ...more] = partitions;
  const name = only === undefined || more.length > 0 ? "" : `, ${formatPartition(only)}`;
  return `${formatQuantity(matchCount, word)} in ${formatQuantity(partitions.length, "partition")}${name} (${cost.join(", ")})`;
}
