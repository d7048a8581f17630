import type { QueryEngine } from "../../../query/engine.ts";
import { plainCells } from "../../../query/output/cells.ts";
import { ENGINES } from "../../../schema/engines.ts";
import type { PartitionKey, Selection } from "../../../schema/partition.ts";
import type { PartitionCount } from "../../../schema/query.ts";

/** Sample values of the text columns of a selection, to choose from. */
export interface TextSample {
  /** Number of rows that were read. */
  rowCount: number;
  /** Values by column, NULL left out. */
  values: ReadonlyMap<string, readonly string[]>;
}

const MAX_ROWS = 2000;
/** Of texts together: a label may be megabytes long. */
const MAX_LENGTH = 16_000_000;

/** Reads at most 2,000 rows from the first ones of the largest partitions of a selection. */
export async function sampleTexts(
  engine: QueryEngine,
  partitions: readonly PartitionCount[],
  signal: AbortSignal,
): Promise<TextSample> {
  const largest = [...partitions]
    .sort((a, b) => b.rows - a.rows)
    .slice(0, ENGINES[engine.name].sampledPartitions);
  const limit = Math.ceil(MAX_ROWS / Math.max(1, largest.length));
  const values = new Map<string, string[]>();
  let rowCount = 0;
  for (const partition of largest) {
    let room = MAX_LENGTH / largest.length;
    const result = await engine.retrieveWithExistingCols({ ...onlyOf(partition), limit }, signal);
    for await (const batch of result.batches) {
      const cells = plainCells(batch);
      for (let row = 0; row < batch.numRows && room > 0; row++) {
        rowCount++;
        for (const [at, { name, type }] of result.columns.entries()) {
          const value = type === "VARCHAR" ? cells[at]?.(row) : undefined;
          if (value === undefined || value === "") continue;
          const list = values.get(name) ?? [];
          values.set(name, list);
          list.push(value);
          room -= value.length;
        }
      }
      if (room <= 0) break;
    }
  }
  return { rowCount, values };
}

function onlyOf({ provider, dataset, task, variant }: PartitionKey): Selection {
  return { providers: [provider], datasets: [dataset], tasks: [task], variants: [variant] };
}
