import { AppError, throwIfCancelled } from "../errors.ts";
import { type LabelRow, readLabelRows } from "../export/label-rows.ts";
import type { QueryEngine } from "../query/engine.ts";
import { DEFAULT_ENGINE } from "../schema/engines.ts";
import { detectView, SAMPLE_ROWS } from "../schema/labels/detect/detect.ts";
import { formatPartition, type PartitionKey, RAW_TASK, type Selection } from "../schema/partition.ts";
import type { PartitionCount } from "../schema/query.ts";
import type { DetectOptions, LakeClient, ViewDetection } from "./lake-client.ts";
import { writeReadingSheets } from "./reading-sheets.ts";

type Tools = Pick<LakeClient, "engine" | "assets">;

/** Finds out which view the labels of a selection have, by some of its rows. */
export async function detectViewOf(
  { engine, assets }: Tools,
  selection: Selection,
  { signal, sheets, ...known }: DetectOptions,
): Promise<ViewDetection> {
  const reading = await engine(DEFAULT_ENGINE);
  try {
    const { partitions, rows } = await sampleRows(reading, selection, signal);
    const { example, ...found } = detectView(rows, known);
    const readAsset = (path: string) => assets.read(path, { signal });
    const drawn =
      sheets === undefined || found.readings.length === 0
        ? []
        : await writeReadingSheets(found.readings, rows, sheets, { readAsset, signal });
    return {
      ...found,
      partitions,
      sheets: drawn,
      example: example && { box: example.box, ...placeOf(rows[example.row]) },
    };
  } finally {
    reading.close();
  }
}

function placeOf(row: LabelRow | undefined) {
  return {
    partition: row === undefined ? "" : formatPartition(row.partition),
    source_row: row?.source_row ?? null,
    source_name: row?.source_name ?? null,
    path: row?.path ?? null,
  };
}

/** The largest ones, when there are more. */
const MAX_PARTITIONS = 20;
/** Rows that are read; of those the sample is taken evenly. */
const READ_ROWS = 2000;
/** Of the cells of a sample: a label may be megabytes long. */
const MAX_CHARS = 64_000_000;

/** Some rows of the selected label partitions, or of pages where there are no others. Throws `not_found`. */
async function sampleRows(
  engine: QueryEngine,
  selection: Selection,
  signal: AbortSignal,
): Promise<{ partitions: string[]; rows: LabelRow[] }> {
  const all = await engine.retrievePartitions(selection, signal);
  if (all.length === 0)
    throw new AppError("not_found", "no partition is selected; see `datalake catalog partitions`");
  const ofLabels = all.filter(({ task }) => task !== RAW_TASK);
  const largest = (ofLabels.length > 0 ? ofLabels : all)
    .toSorted((a, b) => b.rows - a.rows)
    .slice(0, MAX_PARTITIONS);
  const rows: LabelRow[] = [];
  for (const partition of largest) {
    throwIfCancelled(signal);
    rows.push(...(await sampleOf(engine, partition, largest.length, signal)));
  }
  return { partitions: largest.map(formatPartition), rows };
}

async function sampleOf(engine: QueryEngine, partition: PartitionCount, of: number, signal: AbortSignal) {
  const limit = Math.ceil(READ_ROWS / of);
  const wanted = Math.ceil(SAMPLE_ROWS / of);
  const step = Math.max(1, Math.floor(Math.min(limit, partition.rows) / wanted));
  const result = await engine.retrieveWithExistingCols({ ...onlyOf(partition), limit }, signal);
  const sample: LabelRow[] = [];
  let at = 0;
  let chars = 0;
  for await (const rows of readLabelRows(result, () => "all")) {
    for (const row of rows) {
      if (at++ % step !== 0 || sample.length >= wanted || chars > MAX_CHARS / of) continue;
      sample.push(row);
      for (const cell of Object.values(row.cells)) chars += typeof cell === "string" ? cell.length : 0;
    }
    if (sample.length >= wanted || chars > MAX_CHARS / of) break;
  }
  return sample;
}

function onlyOf({ provider, dataset, task, variant }: PartitionKey): Selection {
  return { providers: [provider], datasets: [dataset], tasks: [task], variants: [variant] };
}
