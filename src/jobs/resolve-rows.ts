import { throwIfCancelled } from "../errors.ts";
import type { AssetRecord } from "../schema/asset.ts";
import { type ImageColumn, isOwn } from "../schema/image-columns.ts";
import type { UploadOutcome } from "../schema/job.ts";
import { broughtColumns } from "../schema/upload.ts";
import type { ResolveOptions } from "./content-step.ts";
import { type BroughtBatch, openContents } from "./contents.ts";
import type { WorkContext } from "./context.ts";
import type { FoundContents } from "./found-contents.ts";
import { keepDocuments } from "./keep-documents.ts";
import { resolveReferences } from "./references.ts";
import { type AssetCell, type ContentResult, createResultWriter, resultColumns } from "./row-results.ts";
import { readStagedRows, type StagedRow } from "./staged-rows.ts";

/** Batches being prepared while an earlier one is stored; keeps all workers busy. */
const BATCHES_AHEAD = 2;
/** Rows per worker in a batch with images to decode; small, so that the last batch ends soon. */
const DECODED_ROWS = 64;

/**
 * The assets step: writes one result per staged row, in order, to the results table. Contents are stored and
 * references resolved batch by batch, while the next batches are read and prepared.
 */
export async function resolveRows(
  context: WorkContext,
  options: ResolveOptions,
): Promise<UploadOutcome["assets"]> {
  const { database, settings, pool } = context;
  const { source, signal } = options;
  const { batch_size } = settings.processing;
  const batchRows =
    source.manifest.verify === "full" ? Math.min(batch_size, pool.size * DECODED_ROWS) : batch_size;
  const index = await context.indexes.open(database, source.manifest);
  const brought = broughtColumns(source.manifest);
  const contents = await openContents(context, options, index);
  const { pages } = source.manifest;
  const writer = await createResultWriter(database, resultColumns(source.manifest), {
    ofPages: pages !== undefined,
  });
  const waiting: { rows: StagedRow[]; batch: BroughtBatch }[] = [];
  let rowsDone = 0;

  const finishOldest = async () => {
    const oldest = waiting.shift();
    if (oldest === undefined) return;
    throwIfCancelled(signal);
    const found = await contents.finish(oldest.batch);
    const references = resolveReferences(index, source.manifest, oldest.rows);
    const results = oldest.rows.map((row): ContentResult => {
      if (row.reject !== null) return rejected(row.reject);
      const reference = references?.(row);
      if (reference !== undefined && "reason" in reference) return rejected(reference.reason);
      const assets = contentsOf(row, brought, found);
      if (typeof assets === "string") return rejected(assets);
      contents.count(assets);
      if (reference === undefined)
        return { reason: null, assets, source_name: null, document: documentOf(row) };
      return { reason: null, assets: [[reference.asset], ...assets], source_name: reference.source_name };
    });
    writer.append(results);
    rowsDone += oldest.rows.length;
    await options.onBatch({ rows_done: rowsDone, ...contents.progress() });
  };

  try {
    const batches = readStagedRows(database, source.file, source.columns, source.manifest, batchRows);
    for await (const rows of batches) {
      throwIfCancelled(signal);
      waiting.push({ rows, batch: await contents.begin(rows) });
      if (waiting.length > BATCHES_AHEAD) await finishOldest();
    }
    while (waiting.length > 0) await finishOldest();
    writer.close();
    if (pages && contents.documents) {
      const onDocument = () => options.onBatch({ rows_done: rowsDone, ...contents.progress() });
      await keepDocuments(context, source, contents.documents, { signal, onDocument });
    }
  } finally {
    writer.close();
    await contents.close();
  }
  return contents.assets();
}

function documentOf({ contents }: StagedRow): string | undefined {
  return contents.flatMap((content) => content ?? []).find(({ page }) => page)?.page?.document;
}

/** A row's assets by image column, or the reason to reject the row. */
function contentsOf(
  row: StagedRow,
  brought: readonly ImageColumn[],
  found: readonly FoundContents[],
): AssetCell[] | string {
  const assets: AssetCell[] = [];
  for (const [at, column] of brought.entries()) {
    const given = row.contents[at] ?? null;
    const cell: (AssetRecord | null)[] = [];
    for (const [element, { source_hash: hash }] of (given ?? []).entries()) {
      const asset = hash === null ? null : found[at]?.get(hash);
      if (asset === undefined || typeof asset === "string") {
        const where = isOwn(column) ? "" : `${column.name}${column.list ? `[${element}]` : ""}: `;
        return `${where}${asset ?? "its content was not processed"}`;
      }
      cell.push(asset);
    }
    assets.push(given === null ? null : cell);
  }
  return assets;
}

function rejected(reason: string): ContentResult {
  return { reason, assets: [], source_name: null };
}
