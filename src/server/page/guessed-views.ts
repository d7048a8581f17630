import { detectView } from "../../schema/labels/detect/detect.ts";
import type { SampledRow } from "../../schema/labels/detect/sample.ts";
import type { View } from "../../schema/labels/view.ts";
import { formatPartition, type PartitionKey } from "../../schema/partition.ts";

/** Others are served after it: detection takes a millisecond for about two thousand characters. */
const MAX_CHARS = 100_000;
const MAX_ROWS = 5;
/** With other rows each: not all labels of a partition are alike. */
const MAX_TRIES = 5;

/** Views of partitions that have none, as guesses. */
export interface GuessedViews {
  /** The one view that fits the first of some rows of a partition; undefined where none or several do. */
  of(generation: number, partition: PartitionKey, rows: Iterable<SampledRow>): View | undefined;
}

/** Each is found once in a generation of the catalog, and looked for a few times. */
export function createGuessedViews(): GuessedViews {
  const known = new Map<string, View>();
  const tries = new Map<string, number>();
  let current = -1;
  return {
    of(generation, partition, rows) {
      if (generation !== current) for (const map of [known, tries]) map.clear();
      current = generation;
      const name = formatPartition(partition);
      const tried = tries.get(name) ?? 0;
      if (known.has(name) || tried >= MAX_TRIES) return known.get(name);
      const { labelled, readings } = detectView(sampleOf(rows));
      const view = readings.length === 1 ? readings[0]?.full : undefined;
      if (view !== undefined) known.set(name, view);
      // Rows without labels tell nothing, and cost nothing.
      else if (labelled > 0) tries.set(name, tried + 1);
      return view;
    },
  };
}

function sampleOf(rows: Iterable<SampledRow>): SampledRow[] {
  const sample: SampledRow[] = [];
  let chars = 0;
  for (const row of rows) {
    const own = Object.values(row.cells).reduce<number>(
      (sum, text) => sum + (typeof text === "string" ? text.length : 0),
      0,
    );
    if (chars + own > MAX_CHARS) continue;
    chars += own;
    sample.push(row);
    if (sample.length === MAX_ROWS) break;
  }
  return sample;
}
