import { throwIfCancelled } from "../errors.ts";
import type { AssetRecord } from "../schema/asset.ts";
import type { UploadOutcome } from "../schema/job.ts";
import { type ContentBatch, createContentStep, type ResolveOptions } from "./content-step.ts";
import type { WorkContext } from "./context.ts";
import { resolveReferences } from "./references.ts";
import { createResultWriter, type RowResult } from "./row-results.ts";
import { readStagedRows, type StagedRow } from "./staged-rows.ts";

/** Batches whose contents are with the workers while an earlier one is stored: enough that no worker waits. */
const BATCHES_AHEAD = 2;

/**
 * The assets step: gives every staged row its result, in row order, in the results table. Contents are stored and
 * references looked up batch by batch; the next batches are read and prepared while one is stored.
 */
export async function resolveRows(
  context: WorkContext,
  options: ResolveOptions,
): Promise<UploadOutcome["assets"]> {
  const { database, settings } = context;
  const { source, signal } = options;
  const index = await context.indexes.open(database, source.manifest);
  const step = await createContentStep(context, options, index);
  const writer = await createResultWriter(database);
  const waiting: { rows: StagedRow[]; contents: ContentBatch }[] = [];
  let rowsDone = 0;

  const finishOldest = async () => {
    const oldest = waiting.shift();
    if (oldest === undefined) return;
    throwIfCancelled(signal);
    const found = await step.finish(oldest.contents);
    const references = resolveReferences(index, source.manifest, oldest.rows);
    const results = oldest.rows.map((row): RowResult => {
      if (row.reject !== null) return rejected(row.reject);
      if (row.source_hash !== null) return ofContent(found.get(row.source_hash));
      return references?.(row) ?? { reason: null, asset: null, source_name: null };
    });
    step.count(results);
    writer.append(results);
    rowsDone += oldest.rows.length;
    await options.onBatch({ rows_done: rowsDone, ...step.progress() });
  };

  try {
    const batches = readStagedRows(
      database,
      source.file,
      source.columns,
      source.manifest,
      settings.processing.batch_size,
    );
    for await (const rows of batches) {
      throwIfCancelled(signal);
      waiting.push({ rows, contents: await step.begin(rows) });
      if (waiting.length > BATCHES_AHEAD) await finishOldest();
    }
    while (waiting.length > 0) await finishOldest();
  } finally {
    writer.close();
    await step.close();
  }
  return step.assets();
}

function ofContent(found: AssetRecord | string | undefined): RowResult {
  if (typeof found === "object") return { reason: null, asset: found, source_name: null };
  return rejected(found ?? "its content was not processed");
}

function rejected(reason: string): RowResult {
  return { reason, asset: null, source_name: null };
}
