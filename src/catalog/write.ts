import { dirname, join } from "node:path";
import { AppError } from "../errors.ts";
import { hashFile } from "../lake/digest.ts";
import { syncFile, syncFolder } from "../lake/durable.ts";
import { ensureFolder, removeTree } from "../lake/files.ts";
import { givePermissions } from "../lake/group.ts";
import type { Lake } from "../lake/lake.ts";
import { baseFile, deltaFile } from "../lake/layout.ts";
import { renameDurable } from "../lake/replace.ts";
import type { Database } from "../query/database.ts";
import type { Features } from "../schema/columns.ts";
import { describeFeatures } from "../schema/features.ts";
import type { PartitionFile, PartitionFileKey, UploadLogEntry } from "../schema/metadata.ts";
import { formatPartition, type PartitionKey } from "../schema/partition.ts";
import type { UploadManifest } from "../schema/upload.ts";
import { identifyFile, measureColumns, readFooters } from "./footer.ts";
import { tidyPartition, writeMetadata } from "./metadata.ts";
import { copyToParquet } from "./parquet.ts";
import {
  assemblePartition,
  lastVersion,
  type PartitionState,
  partitionExists,
  readPartition,
  type StoredFile,
} from "./partition.ts";
import { listPartitionFiles, removeDead } from "./partition-files.ts";
import { selectRows } from "./rows.ts";

export interface WriteRequest {
  /** SQL that gives the rows in their final order; the same each time it runs. */
  select: string;
  /** Temp path outside the catalog tree, on the same file system; not ending in `.parquet`. */
  target: string;
  /** What the file says of itself; `rows` must be what `select` gives. */
  key: PartitionFileKey;
  features: Features;
}

/**
 * Writes one partition file, durable and checked, under a temp name; the same rows give the same bytes on any number of
 * threads. Its place in a partition is given by a rename. Throws `corrupt` when another number of rows arrived.
 */
export async function writePartitionFile(database: Database, request: WriteRequest): Promise<PartitionFile> {
  const { select, target, key, features } = request;
  await removeTree(target); // of an earlier attempt; DuckDB would write beside it and rename
  await copyToParquet(database, { select, target, key, features });
  const [footer] = await readFooters(database, [target]);
  await syncFile(target);
  return {
    name: fileName(key),
    kind: key.kind,
    version: key.version,
    rows: key.rows,
    bytes: footer?.bytes ?? 0,
    sha256: await hashFile(target),
    columns: await measureColumns(database, target),
  };
}

function fileName({ kind, version }: PartitionFileKey): string {
  return kind === "base" ? baseFile(version) : deltaFile(version);
}

/** The moments of a commit, for tests that stop it there. */
export type CommitStep = "write" | "rename" | "tidy" | "done";

export interface CommitRequest {
  manifest: UploadManifest;
  /** SQL that gives the rows of the partition file in their final order. */
  select: string;
  /** A folder of the upload's own: on the lake's file system, outside the catalog tree. */
  workFolder: string;
  /** Rows of the upload that were refused. */
  rejected: number;
  /**
   * The partition as the last commit of this job left it, when the job is its only writer: its files are then not read
   * again. Without, they are.
   */
  known?: { state: PartitionState | undefined };
  onStep?: (step: CommitStep) => void | Promise<void>;
}

export interface CommitResult {
  /** The version of the partition that this upload made. */
  version: number;
  /** Rows that it brought. */
  rows: number;
  /** True when it already stood in the partition's log and nothing was changed. */
  replayed: boolean;
  /** The partition after it. */
  state: PartitionState;
}

/**
 * Puts the rows of an upload into its partition with one rename to a free name, as a new base (create, replace, a first
 * append) or as a delta. An upload that stands in the partition's log changes nothing. Throws `partition_exists`.
 */
export async function commitUpload(
  database: Database,
  lake: Lake,
  request: CommitRequest,
): Promise<CommitResult> {
  const { manifest, onStep = () => {} } = request;
  const { provider, dataset, task, variant } = manifest;
  const partition: PartitionKey = { provider, dataset, task, variant };
  const state = await findState(database, lake, partition, request);
  const logged = state?.uploads.find((entry) => entry.upload_id === manifest.upload_id);
  if (state && logged) {
    const tidied = (await tidyPartition(database, lake, partition)) ?? state;
    return { version: logged.version, rows: logged.rows, replayed: true, state: tidied };
  }
  if (state && manifest.mode === "create") throw partitionExists(state);
  const kind = state && manifest.mode === "append" ? "delta" : "base";
  const version = (state?.version ?? (await lastVersion(lake, partition))) + 1;
  const rows = await countRows(database, request.select);
  const uploads = [logEntry(request, version, rows)];
  const key: PartitionFileKey = { format: 1, kind, version, rows, uploads };
  await onStep("write");
  const file = await placeFile(database, lake, partition, {
    select: request.select,
    workFolder: request.workFolder,
    key,
    features: manifest.features,
    onRename: () => onStep("rename"),
  });
  await onStep("tidy");
  const after = await settle(database, lake, state, partition, file);
  await onStep("done");
  return { version, rows, replayed: false, state: after };
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
    return await readPartition(database, lake, partition);
  } catch (error) {
    const damaged = error instanceof AppError && error.code === "corrupt";
    if (damaged && manifest.mode === "replace") return undefined;
    throw error;
  }
}

/** Clears up after the commit of `file` by what is known of the partition before it. Gives the partition. */
async function settle(
  database: Database,
  lake: Lake,
  before: PartitionState | undefined,
  partition: PartitionKey,
  file: StoredFile,
): Promise<PartitionState> {
  if (!before) {
    const state = await tidyPartition(database, lake, partition);
    if (state) return state;
    throw new AppError("conflict", `${file.path} vanished after it was written; upload it again`);
  }
  const isDelta = file.kind === "delta";
  const left = await removeDead([
    ...before.deadFiles,
    ...(isDelta ? [] : before.files.map(({ path }) => path)),
  ]);
  const state = assemblePartition(partition, isDelta ? [...before.files, file] : [file], left);
  await writeMetadata(lake, state);
  return state;
}

async function countRows(database: Database, select: string): Promise<number> {
  const [counted] = await database.rows<{ rows: number }>(`SELECT count(*) AS rows FROM (${select})`);
  return counted?.rows ?? 0;
}

/** Everything in it comes from the upload, nothing from the clock: a replay writes the same bytes. */
function logEntry({ manifest, rejected }: CommitRequest, version: number, rows: number): UploadLogEntry {
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
  };
}

interface Placement {
  select: string;
  workFolder: string;
  key: PartitionFileKey;
  features: Features;
  onRename: () => void | Promise<void>;
}

/** Writes a file and renames it into the partition: the commit. Gives the file as it then lies there. */
async function placeFile(
  database: Database,
  lake: Lake,
  partition: PartitionKey,
  { select, workFolder, key, features, onRename }: Placement,
): Promise<StoredFile> {
  await ensureFolder(workFolder, lake.modes);
  const name = fileName(key);
  const target = join(workFolder, `${name}.tmp`);
  const written = await writePartitionFile(database, { select, target, key, features });
  await givePermissions(target, lake.modes.file);
  const folder = lake.layout.partition(partition);
  await makeFolder(lake, folder);
  await onRename();
  const path = join(folder, name);
  await renameDurable(target, path);
  const { identity } = await identifyFile(path);
  return {
    ...written,
    path,
    identity,
    features: describeFeatures(written.columns, features),
    uploads: key.uploads,
  };
}

/** A partition's folder whose name is durable in each folder above it; an attempt that died may have left it without. */
async function makeFolder(lake: Lake, folder: string): Promise<void> {
  if ((await listPartitionFiles(folder)).base !== undefined) return;
  await ensureFolder(folder, lake.modes);
  for (let at = dirname(folder); at.startsWith(lake.layout.catalog); at = dirname(at)) await syncFolder(at);
}

/** A partition is compacted when it has more deltas than this... */
export const MAX_DELTAS = 32;
/** ...or when they hold more than this part of the base's bytes. */
const MAX_DELTA_SHARE = 0.25;

export function compactionDue(state: PartitionState): boolean {
  const [base, ...deltas] = state.files;
  const deltaBytes = deltas.reduce((sum, file) => sum + file.bytes, 0);
  return deltas.length > MAX_DELTAS || deltaBytes > (base?.bytes ?? 0) * MAX_DELTA_SHARE;
}

/**
 * Makes one base of a partition's files when it has many or large deltas: the same rows in the same order, the same
 * version and log. Says whether it did. `workFolder` is on the lake's file system, outside the catalog tree.
 */
export async function compactIfDue(
  database: Database,
  lake: Lake,
  key: PartitionKey,
  workFolder: string,
): Promise<boolean> {
  const state = await readPartition(database, lake, key);
  if (!state || !compactionDue(state)) return false;
  await compactPartition(database, lake, state, workFolder);
  await removeTree(workFolder);
  return true;
}

/** Makes one base of the live files, streamed. Throws `corrupt` when the rows do not add up. */
export async function compactPartition(
  database: Database,
  lake: Lake,
  state: PartitionState,
  workFolder: string,
  onStep: (step: CommitStep) => void | Promise<void> = () => {},
): Promise<void> {
  const { version, rows, uploads, columns, features } = state;
  if (state.files.length === 1) return; // it is one base already
  const logged = uploads.reduce((sum, entry) => sum + entry.rows, 0);
  if (logged !== rows) {
    throw new AppError(
      "corrupt",
      `the partition ${formatPartition(state.key)} holds ${rows} rows where its log says ${logged}; restore it from a backup`,
    );
  }
  await onStep("write");
  const file = await placeFile(database, lake, state.key, {
    select: selectRows(state.files, columns),
    workFolder,
    key: { format: 1, kind: "base", version, rows, uploads },
    features,
    onRename: () => onStep("rename"),
  });
  await onStep("tidy");
  await settle(database, lake, state, state.key, file);
  await onStep("done");
}
