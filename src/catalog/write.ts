import { AppError } from "../errors.ts";
import type { Lake } from "../lake/lake.ts";
import type { Database } from "../query/database.ts";
import type { UploadLogEntry } from "../schema/metadata.ts";
import type { PartitionKey } from "../schema/partition.ts";
import type { UploadManifest } from "../schema/upload.ts";
import { clearUp } from "./clear-up.ts";
import { tidyPartition } from "./metadata.ts";
import { openColumns } from "./open-columns.ts";
import { lastVersion, type PartitionState, partitionExists, readOwnPartition } from "./partition.ts";
import { type CommitEffects, LostRace, placeFile } from "./place.ts";

export interface CommitRequest extends CommitEffects {
  manifest: UploadManifest;
  /** SQL that gives the rows of the partition file in their final order. */
  select: string;
  /** Rows of the upload that were refused. */
  rejected: number;
  /** Of the file in which the rows were staged. */
  rowsSha256?: string;
  /**
   * The partition as the last commit of this job left it, when the job is its only writer: its files are then not read
   * again. Without, they are.
   */
  known?: { state: PartitionState | undefined };
}

export interface CommitResult {
  /** The version of the partition that this upload made. */
  version: number;
  /** Rows that it brought. */
  rows: number;
  /** True when it already stood in the partition's log and nothing was changed. */
  replayed: boolean;
  /** The first upload of the partition's log that brought these very rows: an append has added them again. */
  repeats: UploadLogEntry | undefined;
  /** The partition after it. */
  state: PartitionState;
}

/** A lost race is run again for so long beyond the time in which this machine may be shown what was before it. */
const RETRY_MS = 10_000;
const PAUSE_MS = 200;

/**
 * Puts the rows of an upload into its partition under one free name, as a new base (create, replace, a first append) or as
 * a delta. An upload that stands in the partition's log changes nothing. Throws `partition_exists`.
 */
export async function commitUpload(
  database: Database,
  lake: Lake,
  request: CommitRequest,
): Promise<CommitResult> {
  const startedMs = performance.now();
  for (let { known } = request; ; known = undefined) {
    try {
      return await commitOnce(database, lake, { ...request, ...(known && { known }) });
    } catch (error) {
      if (!(error instanceof LostRace) || performance.now() - startedMs > lake.view.staleMs + RETRY_MS)
        throw error;
      await request.confirm?.(); // who has it now goes on with this upload
      await Bun.sleep(PAUSE_MS);
    }
  }
}

async function commitOnce(database: Database, lake: Lake, request: CommitRequest): Promise<CommitResult> {
  const { manifest, confirm, onStep } = request;
  const { provider, dataset, task, variant } = manifest;
  const partition: PartitionKey = { provider, dataset, task, variant };
  const state = await findState(database, lake, partition, request);
  const logged = state?.uploads.find((entry) => entry.upload_id === manifest.upload_id);
  if (state && logged) {
    const tidied = (await tidyPartition(database, lake, partition)) ?? state;
    return { version: logged.version, rows: logged.rows, replayed: true, repeats: undefined, state: tidied };
  }
  if (state && manifest.mode === "create") throw partitionExists(state);
  const kind = state && manifest.mode === "append" ? "delta" : "base";
  const version = (state?.version ?? (await lastVersion(lake, partition))) + 1;
  const rows = await countRows(database, request.select);
  const uploads = [logEntry(request, version, rows)];
  await onStep?.("write");
  const file = await placeFile(database, lake, partition, {
    select: request.select,
    key: { format: 1, kind, version, rows, uploads, ...openColumns(manifest.columns) },
    features: manifest.features,
    isCompaction: false,
    confirm,
    onStep,
  });
  await onStep?.("tidy");
  await confirm?.();
  const after = await clearUp(database, lake, state, partition, file, confirm);
  await onStep?.("done");
  const repeats = kind === "delta" ? state?.uploads.find((entry) => isRepeated(entry, request)) : undefined;
  return { version, rows, replayed: false, repeats, state: after };
}

/** The same rows, of which as many were refused: where a page was missing the first time, these are others. */
function isRepeated(
  { rows_sha256, rejected: before }: UploadLogEntry,
  { rowsSha256, rejected }: CommitRequest,
): boolean {
  return rows_sha256 !== undefined && rows_sha256 === rowsSha256 && before === rejected;
}

/** The partition before the commit; none for one that cannot be read and is to be replaced: that is the cure. */
async function findState(
  database: Database,
  lake: Lake,
  partition: PartitionKey,
  { manifest, known }: CommitRequest,
): Promise<PartitionState | undefined> {
  if (known) return known.state;
  try {
    return await readOwnPartition(database, lake, partition);
  } catch (error) {
    const damaged = error instanceof AppError && error.code === "corrupt";
    if (damaged && manifest.mode === "replace") return undefined;
    throw error;
  }
}

async function countRows(database: Database, select: string): Promise<number> {
  const [counted] = await database.rows<{ rows: number }>(`SELECT count(*) AS rows FROM (${select})`);
  return counted?.rows ?? 0;
}

/** Everything in it comes from the upload, nothing from the clock: a replay writes the same rows and the same log. */
function logEntry(
  { manifest, rejected, rowsSha256 }: CommitRequest,
  version: number,
  rows: number,
): UploadLogEntry {
  return {
    upload_id: manifest.upload_id,
    version,
    mode: manifest.mode,
    rows,
    rejected,
    images: manifest.images,
    uploaded_by: manifest.created_by,
    uploaded_at: manifest.created_at,
    description: manifest.description,
    source: manifest.source,
    ...(manifest.license && { license: manifest.license }),
    ...(rowsSha256 && { rows_sha256: rowsSha256 }),
  };
}
