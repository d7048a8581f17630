import { basename, dirname, join } from "node:path";
import { type DatasetKey, PARTITION_COLUMNS, type PartitionKey } from "../schema/partition.ts";

/** Every path of a lake, from its root. No other module joins path strings of the lake. */
export type Layout = ReturnType<typeof createLayout>;

/** The place of an asset below `assets/`; also for SQL, which makes it of a row's hash and format. */
export const ASSET_PATH = "provider={provider}/dataset={dataset}/{ab}/{cd}/{hash}.{extension}";

/** The file of recent rows that belongs to a catalog file. */
export function recentBeside(catalogFile: string): string {
  return join(dirname(catalogFile), "catalog-recent.duckdb");
}

export function createLayout(root: string) {
  const staging = join(root, "staging");
  const catalog = join(root, "catalog");
  const assets = join(root, "assets");
  const jobs = join(root, "jobs");
  const datasetPath = (key: DatasetKey) => join(`provider=${key.provider}`, `dataset=${key.dataset}`);
  return {
    root,
    config: join(root, "config"),
    taxonomy: join(root, "config", "schema.yaml"),
    taxonomyLock: join(root, "config", ".schema.lock"),
    /** Marks that the state of the taxonomy with this digest has a successor. */
    taxonomySuccessor: (digest: string) => join(root, "config", `.schema.after-${digest}`),
    /** Where version 0.1.0 kept its tokens, among files that curators may replace. */
    oldTokens: join(root, "config", "tokens.json"),
    staging,
    incoming: join(staging, ".incoming"),
    pending: join(staging, "pending"),
    processing: join(staging, "processing"),
    failed: join(staging, "failed"),
    /** The folder of an upload in one state of staging. */
    upload: (state: "pending" | "processing" | "failed", uploadId: string) => join(staging, state, uploadId),
    catalog,
    assets,
    jobs,
    logs: join(root, "logs"),
    /** One for each machine (`nas`) that a server runs on: two that append to one file over a network lose lines. */
    log: (machine: string) => join(root, "logs", `datalake.${machine}.log`),
    /** The audit log, by month (`2026-11`) and writer (`nas.1001`). */
    audit: (month: string, writer: string) => join(root, "logs", `audit-${month}.${writer}.jsonl`),
    catalogFile: join(root, "catalog.duckdb"),
    /** Must never be beside a published file: DuckDB makes it where one is opened for writing. */
    logOf: (file: string) => `${file}.wal`,
    /** Rows that were appended since that file was published. */
    recentFile: recentBeside(join(root, "catalog.duckdb")),
    /** An older generation, kept by a hard link while readers may hold it open. */
    previousCatalog: (generation: number) => join(root, `.catalog.prev-${generation}`),
    /** Held by the server (or the `process start` command) that works on this lake. */
    processLease: join(staging, ".process.lease"),
    /** Held by the child process that does the work, which may outlive a killed server by a moment. */
    workLease: join(staging, ".work.lease"),
    /** A settled upload on its way out: one rename takes it from the list, then its files are removed. */
    settled: (uploadId: string) => join(staging, "processing", `.settled-${uploadId}`),
    /**
     * Where a file on its way into the catalog is written before it gets its place, by the attempt that makes it:
     * no other has a file of this name, and who removes it has made sure that this one gets no place any more.
     */
    work: (attempt: string) => join(jobs, `.work-${attempt}`),
    /** Of any of those. */
    isWork: (name: string) => name.startsWith(".work-"),
    /** What a sync to a target that reads the lake's own files keeps. */
    sync: (target: string) => join(root, "sync", target),
    /** The same from the root of the lake, in an address. */
    syncName: (target: string) => `sync/${target}`,
    /** Held by a sync. */
    syncLease: join(root, ".sync.lease"),
    /** Held while the catalog is published. */
    publishLease: join(root, ".catalog.lease"),

    partition: (key: PartitionKey) =>
      join(catalog, datasetPath(key), `task=${key.task}`, `variant=${key.variant}`),
    /** Where names of one level of partitions have their folders: of level 1, the datasets of the key's provider. */
    foldersOfNames: (key: PartitionKey, level: number) => {
      const outer = PARTITION_COLUMNS.slice(0, level).map((column) => `${column}=${key[column]}`);
      return { catalog: join(catalog, ...outer), assets: level < 2 ? join(assets, ...outer) : undefined };
    },
    datasetCatalog: (key: DatasetKey) => join(catalog, datasetPath(key)),
    datasetAssets: (key: DatasetKey) => join(assets, datasetPath(key)),
    /** The `path` of a row, relative to `assets/`: `provider=P/dataset=D/ab/cd/<hash>.<ext>`. */
    assetPath: ({ provider, dataset }: DatasetKey, hash: string, extension: string) => {
      const parts = { provider, dataset, ab: hash.slice(0, 2), cd: hash.slice(2, 4), hash, extension };
      return ASSET_PATH.replace(/\{(\w+)\}/g, (_, name: keyof typeof parts) => parts[name]);
    },
    /** The absolute path of an asset, from the `path` of a row. */
    asset: (path: string) => join(assets, path),
    /**
     * Where an asset of this dataset is written before it gets its name; same file system, outside the hash
     * folders.
     */
    assetTemp: (key: DatasetKey, attempt: string) => join(assets, datasetPath(key), `.tmp-${attempt}`),
    /** Of a name in that folder. */
    isAssetTemp: (name: string) => /^\.tmp(-|$)/.test(name),

    job: (jobId: string) => join(jobs, `${jobId}.json`),
    rejects: (uploadId: string) => join(jobs, `${uploadId}.rejects.parquet`),
  };
}

/** The file of a lake's tokens in a folder of the server's home; `root` is the lake's real path. */
export function tokenFile(home: string, folder: string, root: string): string {
  const digest = new Bun.CryptoHasher("sha256").update(root).digest("hex").slice(0, 16);
  return join(home, folder, "tokens", `${basename(root).slice(0, 60)}-${digest}.json`);
}

/** Marks that the state of a file of tokens with this digest has a successor. */
export function tokenSuccessor(file: string, digest: string): string {
  return join(dirname(file), `.${basename(file)}.after-${digest}`);
}

/** Held while a file of tokens is edited. */
export function tokenLock(file: string): string {
  return join(dirname(file), `.${basename(file)}.lock`);
}

/**
 * A file in an upload's folder. Anything may stand there, for staging is written by others: this is no string, so
 * that nothing opens it but lake/staged-file.ts. Who makes the file takes `stagedAt`; a test says which modules
 * may.
 */
export interface StagedPath {
  readonly stagedAt: string;
  /** The folder `staging`, below which no link is followed. */
  readonly staging: string;
}

/** Paths inside an upload's folder, wherever in staging it lies. */
export type UploadLayout = ReturnType<typeof createUploadLayout>;

export function createUploadLayout(folder: string) {
  const staging = dirname(dirname(folder));
  const staged = (...names: string[]): StagedPath => ({ stagedAt: join(folder, ...names), staging });
  return {
    folder,
    manifest: staged("upload.json"),
    rows: staged("data.parquet"),
    files: join(folder, "files"),
    file: (sourceHash: string) => staged("files", sourceHash.slice(0, 2), sourceHash),
    /** Written while the upload is in work. */
    lease: staged("lease.json"),
    error: staged("error.json"),
    /** Of an upload that a server receives in parts: its owner and identity. */
    receiving: staged("receiving.json"),
  };
}

export const METADATA_FILE = "_metadata.json";

/**
 * The base that stands for all rows up to a version: `data.parquet`, and `base-00000012.parquet` for each later
 * one.
 */
export function baseFile(version: number): string {
  return version === 1 ? FIRST_BASE : `base-${String(version).padStart(8, "0")}.parquet`;
}

/** Version 0.1.0 put every later base in its place too, so its version is in the file alone. */
const FIRST_BASE = "data.parquet";

/** `data-00000012.parquet`: the delta that made version 12. */
export function deltaFile(version: number): string {
  return `data-${String(version).padStart(8, "0")}.parquet`;
}

/** The version in a delta's name, or undefined for any other name. */
export function parseDeltaFile(name: string): number | undefined {
  const match = /^data-(\d{8,})\.parquet$/.exec(name);
  return match?.[1] === undefined ? undefined : Number(match[1]);
}

/**
 * The version in a base's name, 0 for `data.parquet`, which is older than all others; undefined for any other name.
 */
function parseBaseFile(name: string): number | undefined {
  if (name === FIRST_BASE) return 0;
  const match = /^base-(\d{8,})\.parquet$/.exec(name);
  return match?.[1] === undefined ? undefined : Number(match[1]);
}

/** The Parquet files of a partition's folder, by their names. */
export interface PartitionNames {
  /** The newest base. */
  base: string | undefined;
  /**
   * Versions of the deltas that may be above it, ascending: for `data.parquet` all, as that itself says its
   * version.
   */
  deltas: number[];
  /** Older bases, and deltas that the base contains: they need not be opened. */
  dead: string[];
  /** The highest version that any of them stands for by its name; 0 for none. */
  version: number;
}

/** Which of the names in a partition's folder count: the newest base, and the deltas above it. */
export function sortPartitionNames(names: readonly string[]): PartitionNames {
  const bases = names.filter((name) => parseBaseFile(name) !== undefined);
  const baseVersion = Math.max(-1, ...bases.map((name) => parseBaseFile(name) ?? -1));
  const base = bases.find((name) => parseBaseFile(name) === baseVersion);
  const found = names.map(parseDeltaFile).filter((version) => version !== undefined);
  const deltas = found.filter((version) => version > baseVersion).sort((a, b) => a - b);
  const below = found.filter((version) => version <= baseVersion).map(deltaFile);
  const dead = [...bases.filter((name) => name !== base), ...below];
  return { base, deltas, dead, version: Math.max(0, baseVersion, ...found) };
}

/** The partition that a path `provider=P/dataset=D/task=T/variant=V` stands for, or undefined. */
export function parsePartitionPath(path: string): PartitionKey | undefined {
  const parts = path.split("/");
  if (parts.length !== PARTITION_COLUMNS.length) return undefined;
  const values: Partial<Record<(typeof PARTITION_COLUMNS)[number], string>> = {};
  for (const [at, column] of PARTITION_COLUMNS.entries()) {
    const part = parts[at] ?? "";
    if (!part.startsWith(`${column}=`)) return undefined;
    values[column] = part.slice(column.length + 1).normalize("NFC");
  }
  return values as PartitionKey;
}
