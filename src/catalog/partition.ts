import { basename } from "node:path";
import { AppError } from "../errors.ts";
import { hashFile } from "../lake/digest.ts";
import { refreshListing } from "../lake/fresh-listing.ts";
import type { Lake } from "../lake/lake.ts";
import { deltaFile, METADATA_FILE } from "../lake/layout.ts";
import { readPartitionMetadata } from "../lake/manifests.ts";
import type { Database } from "../query/database.ts";
import type { ColumnStats, Features } from "../schema/columns.ts";
import { mergeFeatures } from "../schema/features.ts";
import { mergeColumns } from "../schema/merge-columns.ts";
import type { PartitionFile, PartitionMetadata, UploadLogEntry } from "../schema/metadata.ts";
import { formatPartition, type PartitionKey } from "../schema/partition.ts";
import { type Footer, isSameFile, measureColumns, readFooters } from "./footer.ts";
import { listPartitionFiles } from "./partition-files.ts";
import { findRivals } from "./rivals.ts";

/** A live file of a partition, with where it lies. */
export interface StoredFile extends PartitionFile {
  path: string;
  /** Tells this very file from a later one of the same name. */
  identity: string;
  /** What its own footer says. */
  features: Features;
  uploads: UploadLogEntry[];
}

/** A partition as its files say it is. */
export interface PartitionState {
  key: PartitionKey;
  /** Counts up by one with each change of content. */
  version: number;
  /** What the base stands for: deltas up to it are dead. */
  baseVersion: number;
  rows: number;
  /** Of all live files. */
  bytes: number;
  /** Live files: the base, then deltas by version. Their rows, one file after the other, are the partition's. */
  files: StoredFile[];
  /** Paths of bases and deltas that a newer base made dead. */
  deadFiles: string[];
  /** Paths of deltas whose version the base stands for without their upload: two hosts wrote it. None removes them. */
  rivals: string[];
  /** Columns of all files together: the common type, and the rows in which each is NULL or absent. */
  columns: ColumnStats[];
  features: Features;
  /** The uploads that made these rows, oldest first. */
  uploads: UploadLogEntry[];
}

const ATTEMPTS = 10;

/**
 * Reads a partition from the metadata of its files, which is the truth; undefined when it has none. Column statistics
 * and hashes come from `_metadata.json` where it speaks of the same files, else from the files. A commit that happens
 * meanwhile is seen whole or not at all. Throws `corrupt` naming an unreadable file or a missing version. `prefetched`
 * spares queries where many are read.
 */
export async function readPartition(
  database: Database,
  lake: Lake,
  key: PartitionKey,
  prefetched: ReadonlyMap<string, Footer> = new Map(),
): Promise<PartitionState | undefined> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await readOnce(database, lake, key, attempt === 1 ? prefetched : new Map());
    } catch (error) {
      // Files vanish when a new base makes them dead: the folder as it is now is whole again.
      if (attempt < ATTEMPTS && error instanceof ChangedMeanwhile) continue;
      throw error;
    }
  }
}

/** The same for who is about to write to it: as its folder is, not as this machine was shown it some time ago. */
export async function readOwnPartition(
  database: Database,
  lake: Lake,
  key: PartitionKey,
): Promise<PartitionState | undefined> {
  await refreshListing(lake.layout.partition(key));
  return readPartition(database, lake, key);
}

/** What was read of the folder does not fit together, as when a commit happens between two reads. */
class ChangedMeanwhile extends AppError {}

async function readOnce(
  database: Database,
  lake: Lake,
  key: PartitionKey,
  prefetched: ReadonlyMap<string, Footer>,
): Promise<PartitionState | undefined> {
  const folder = lake.layout.partition(key);
  const { base, deltas, dead, hasMetadata } = await listPartitionFiles(folder);
  const where = { details: { path: folder } };
  if (base === undefined) {
    const [first] = deltas;
    if (first === undefined && !hasMetadata) return undefined;
    const held = first === undefined ? METADATA_FILE : basename(first.path);
    throw new ChangedMeanwhile(
      "corrupt",
      `${folder} holds ${held} but no base (data.parquet, or base-<version>.parquet); restore it from a backup, or remove the folder`,
      where,
    );
  }
  const paths = [base, ...deltas.map(({ path }) => path)];
  const footers = await takeFooters(database, paths, prefetched).catch((error: unknown) => {
    const gone = error instanceof AppError && error.code === "not_found";
    throw gone ? new ChangedMeanwhile("io", error.message, where) : error;
  });
  const [baseFooter, ...deltaFooters] = footers;
  if (!baseFooter) return undefined;
  const baseVersion = baseFooter.key.version;
  const live = deltaFooters.filter((_, at) => (deltas[at]?.version ?? 0) > baseVersion);
  for (const [at, footer] of live.entries()) {
    if (footer.key.version !== baseVersion + at + 1 || footer.key.kind !== "delta") {
      throw new ChangedMeanwhile(
        "corrupt",
        `${folder} lacks ${deltaFile(baseVersion + at + 1)} although later versions exist; restore it from a backup`,
        where,
      );
    }
  }
  const contained = deltas.filter(({ version }) => version <= baseVersion);
  const metadata = await readRepeated(lake, key);
  const files = [];
  for (const footer of [baseFooter, ...live]) files.push(await describeFile(database, footer, metadata));
  const below = [...dead, ...contained.map(({ path }) => path)];
  const rivals = await findRivals(database, below, baseFooter);
  const removable = below.filter((path) => !rivals.includes(path));
  return { ...assemblePartition(key, files, removable), rivals };
}

/** The footers read ahead when they are those of the files as they are now, else read. */
async function takeFooters(
  database: Database,
  paths: readonly string[],
  prefetched: ReadonlyMap<string, Footer>,
): Promise<Footer[]> {
  const footers = paths.map((path) => prefetched.get(path)).filter((footer) => footer !== undefined);
  const same = await Promise.all(footers.map(({ path, identity }) => isSameFile(path, identity)));
  const usable = footers.length === paths.length && !same.includes(false);
  return usable ? footers : readFooters(database, paths);
}

const PREFETCH_FILES = 256;

/**
 * Reads the footers of many partitions with few queries, by path, for `readPartition`. Files that cannot be read are
 * left to it.
 */
export async function prefetchFooters(
  database: Database,
  lake: Lake,
  keys: readonly PartitionKey[],
): Promise<Map<string, Footer>> {
  const found = new Map<string, Footer>();
  let paths: string[] = [];
  const flush = async () => {
    const footers = await readFooters(database, paths).catch((error: unknown) => {
      if (error instanceof AppError) return []; // readPartition says which and why
      throw error;
    });
    for (const footer of footers) found.set(footer.path, footer);
    paths = [];
  };
  for (const key of keys) {
    const { base, deltas } = await listPartitionFiles(lake.layout.partition(key));
    if (base !== undefined) paths.push(base);
    paths.push(...deltas.map(({ path }) => path));
    if (paths.length >= PREFETCH_FILES) await flush();
  }
  await flush();
  return found;
}

/** The partition that these live files make together. */
export function assemblePartition(
  key: PartitionKey,
  files: StoredFile[],
  deadFiles: string[] = [],
): PartitionState {
  const columns = mergeColumns(files);
  return {
    key,
    version: files.at(-1)?.version ?? 0,
    baseVersion: files[0]?.version ?? 0,
    rows: files.reduce((sum, file) => sum + file.rows, 0),
    bytes: files.reduce((sum, file) => sum + file.bytes, 0),
    files,
    deadFiles,
    rivals: [],
    columns,
    features: mergeFeatures(columns, files.map(featuresOfValues)),
    uploads: files.flatMap((file) => file.uploads),
  };
}

/** Of a file's columns that hold values: what others say nothing of changes no number. */
function featuresOfValues({ rows, columns, features }: StoredFile): Features {
  const empty = new Set(columns.filter(({ nulls }) => nulls === rows).map(({ name }) => name));
  return empty.size === 0
    ? features
    : Object.fromEntries(Object.entries(features).filter(([name]) => !empty.has(name)));
}

/**
 * The highest version that names or `_metadata.json` in a partition's folder speak of, 0 for none: for a new base in the
 * place of files that cannot be read.
 */
export async function lastVersion(lake: Lake, key: PartitionKey): Promise<number> {
  const { base, version } = await listPartitionFiles(lake.layout.partition(key));
  const metadata = await readRepeated(lake, key);
  return Math.max(base === undefined ? 0 : 1, version, metadata?.version ?? 0);
}

/** `_metadata.json`, unless it is missing or unreadable: then it is made again from the files. */
async function readRepeated(lake: Lake, key: PartitionKey): Promise<PartitionMetadata | undefined> {
  try {
    return await readPartitionMetadata(lake, key);
  } catch (error) {
    if (error instanceof AppError && error.code === "corrupt") return undefined;
    throw error;
  }
}

async function describeFile(
  database: Database,
  footer: Footer,
  metadata: PartitionMetadata | undefined,
): Promise<StoredFile> {
  const { path, identity, bytes, features } = footer;
  const { kind, version, rows, uploads, attempt } = footer.key;
  const name = basename(path);
  const known = metadata?.files.find(
    (file) =>
      file.name === name &&
      file.version === version &&
      file.rows === rows &&
      file.bytes === bytes &&
      file.attempt === attempt,
  );
  if (known) return { ...known, path, identity, features, uploads };
  const columns = await measureColumns(database, path, footer.key);
  const sha256 = await hashFile(path);
  const file = {
    name,
    kind,
    version,
    rows,
    ...(attempt !== undefined && { attempt }),
    bytes,
    sha256,
    columns,
  };
  return { ...file, path, identity, features, uploads };
}

/** What `_metadata.json` must say of a partition. */
export function describeMetadata(state: PartitionState): PartitionMetadata {
  const { key, version, baseVersion, rows, bytes, columns, features, uploads } = state;
  return {
    format: 1,
    ...key,
    version,
    base_version: baseVersion,
    rows,
    bytes,
    files: state.files.map(describeStored),
    columns,
    features,
    uploads,
  };
}

function describeStored(file: StoredFile): PartitionFile {
  const { name, kind, version, rows, attempt, bytes, sha256, columns } = file;
  return { name, kind, version, rows, ...(attempt !== undefined && { attempt }), bytes, sha256, columns };
}

/** The error of an upload that would create what is there. */
export function partitionExists(state: PartitionState): AppError {
  const name = formatPartition(state.key);
  return new AppError(
    "partition_exists",
    `the partition ${name} exists (version ${state.version}, ${state.rows} rows); add to it with --mode append, or replace it with --mode replace`,
    { details: { partition: name, version: state.version, rows: state.rows, modes: ["append", "replace"] } },
  );
}
