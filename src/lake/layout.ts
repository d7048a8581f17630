import { basename, dirname, join } from "node:path";
import { type DatasetKey, PARTITION_COLUMNS, type PartitionKey } from "../schema/partition.ts";

/** All paths of a lake. No other module joins path strings of the lake. */
export type Layout = ReturnType<typeof createLayout>;

/** An asset's path below `assets/`; also used in SQL, which builds it from a row's hash and format. */
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
    /** Marker file: the taxonomy state with this digest was replaced. */
    taxonomySuccessor: (digest: string) => join(root, "config", `.schema.after-${digest}`),
    /** Token file of version 0.1.0, in a folder where curators can replace files. */
    oldTokens: join(root, "config", "tokens.json"),
    staging,
    incoming: join(staging, ".incoming"),
    pending: join(staging, "pending"),
    processing: join(staging, "processing"),
    failed: join(staging, "failed"),
    upload: (state: "pending" | "processing" | "failed", uploadId: string) => join(staging, state, uploadId),
    catalog,
    assets,
    jobs,
    logs: join(root, "logs"),
    /** One per machine (`nas`): two servers that append to one file over a network lose lines. */
    log: (machine: string) => join(root, "logs", `datalake.${machine}.log`),
    /** Audit log by month (`2026-11`) and writer (`nas.1001`). */
    audit: (month: string, writer: string) => join(root, "logs", `audit-${month}.${writer}.jsonl`),
    catalogFile: join(root, "catalog.duckdb"),
    /** Must not exist beside a published file: DuckDB creates it when a file is opened for writing. */
    logOf: (file: string) => `${file}.wal`,
    /** Rows appended since that file was published. */
    recentFile: recentBeside(join(root, "catalog.duckdb")),
    /** An older generation, kept by a hard link while readers may have it open. */
    previousCatalog: (generation: number) => join(root, `.catalog.prev-${generation}`),
    /** Held by the server (or the `process start` command) that works on this lake. */
    processLease: join(staging, ".process.lease"),
    /** Held by the working child process, which may briefly outlive a killed server. */
    workLease: join(staging, ".work.lease"),
    /** A settled upload being removed: one rename takes it off the list, then its files are deleted. */
    settled: (uploadId: string) => join(staging, "processing", `.settled-${uploadId}`),
    /**
     * File being added to the catalog. Its name is unique: once it is removed, its attempt cannot publish it.
     */
    work: (attempt: string) => join(jobs, `.work-${attempt}`),
    isWork: (name: string) => name.startsWith(".work-"),
    /** State of a sync to a target that reads the lake's own files. */
    sync: (target: string) => join(root, "sync", target),
    /** The same relative to the lake, in an address. */
    syncName: (target: string) => `sync/${target}`,
    syncLease: join(root, ".sync.lease"),
    publishLease: join(root, ".catalog.lease"),

    partition: (key: PartitionKey) =>
      join(catalog, datasetPath(key), `task=${key.task}`, `variant=${key.variant}`),
    /** Folders with the names of one partition level: for level 1 the datasets of the key's provider. */
    foldersOfNames: (key: PartitionKey, level: number) => {
      const outer = PARTITION_COLUMNS.slice(0, level).map((column) => `${column}=${key[column]}`);
      return { catalog: join(catalog, ...outer), assets: level < 2 ? join(assets, ...outer) : undefined };
    },
    datasetCatalog: (key: DatasetKey) => join(catalog, datasetPath(key)),
    datasetAssets: (key: DatasetKey) => join(assets, datasetPath(key)),
    /** A row's `path`, relative to `assets/`: `provider=P/dataset=D/ab/cd/<hash>.<ext>`. */
    assetPath: ({ provider, dataset }: DatasetKey, hash: string, extension: string) => {
      const parts = { provider, dataset, ab: hash.slice(0, 2), cd: hash.slice(2, 4), hash, extension };
      return ASSET_PATH.replace(/\{(\w+)\}/g, (_, name: keyof typeof parts) => parts[name]);
    },
    asset: (path: string) => join(assets, path),
    /** Temporary folder for new assets of a dataset: same file system, outside the hash folders. */
    assetTemp: (key: DatasetKey, attempt: string) => join(assets, datasetPath(key), `.tmp-${attempt}`),
    isAssetTemp: (name: string) => /^\.tmp(-|$)/.test(name),

    job: (jobId: string) => join(jobs, `${jobId}.json`),
    /** The last run of an operation that keeps it. */
    lastRun: (operation: string) => join(jobs, `last-${operation}.json`),
    /** Files of the first rejected rows of a completed upload, by their SHA-256. */
    rejectedFiles: (uploadId: string) => join(jobs, `${uploadId}.rejected`),
    rejectedFile: (uploadId: string, hash: string) => join(jobs, `${uploadId}.rejected`, hash),
    /** The same for lake/staged-file.ts. */
    rejectedPlace: (uploadId: string, hash: string): StagedPath => ({
      stagedAt: join(jobs, `${uploadId}.rejected`, hash),
      staging: jobs,
    }),
    /** The upload of such a folder's name; undefined for other names. */
    parseRejectedFiles: (name: string) => /^(u[0-9a-f]{32})\.rejected$/.exec(name)?.[1],
    rejects: (uploadId: string) => join(jobs, `${uploadId}.rejects.parquet`),
  };
}

/** A lake's token file in a folder of the server's home; `root` is the lake's real path. */
export function tokenFile(home: string, folder: string, root: string): string {
  const digest = new Bun.CryptoHasher("sha256").update(root).digest("hex").slice(0, 16);
  return join(home, folder, "tokens", `${basename(root).slice(0, 60)}-${digest}.json`);
}

/** In the cache folder: what was counted of the labels of a partition, by a digest of all that it depends on. */
export function labelFactsFolder(cacheFolder: string): string {
  return join(cacheFolder, "label-facts");
}

export function labelFactsFile(cacheFolder: string, digest: string): string {
  return join(labelFactsFolder(cacheFolder), digest.slice(0, 2), `${digest}.parquet`);
}

/** Marker file: the token file state with this digest was replaced. */
export function tokenSuccessor(file: string, digest: string): string {
  return join(dirname(file), `.${basename(file)}.after-${digest}`);
}

/** Held while a token file is edited. */
export function tokenLock(file: string): string {
  return join(dirname(file), `.${basename(file)}.lock`);
}

/**
 * A file in an upload's folder. Staging is written by others and may contain anything. Not a string, so that
 * only lake/staged-file.ts opens it. Code that creates the file uses `stagedAt`; a test lists those modules.
 */
export interface StagedPath {
  readonly stagedAt: string;
  /** The folder `staging`, below which links are not followed. */
  readonly staging: string;
}

/** Paths inside an upload's folder, in any state. */
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
    lease: staged("lease.json"),
    error: staged("error.json"),
    /** Owner and identity of an upload that a server receives in parts. */
    receiving: staged("receiving.json"),
  };
}

export const METADATA_FILE = "_metadata.json";

/** The base with all rows up to a version: `data.parquet`, later `base-00000012.parquet`. */
export function baseFile(version: number): string {
  return version === 1 ? FIRST_BASE : `base-${String(version).padStart(8, "0")}.parquet`;
}

/** Version 0.1.0 also wrote later bases to this name, so only the file itself has its version. */
const FIRST_BASE = "data.parquet";

/** `data-00000012.parquet`: the delta of version 12. */
export function deltaFile(version: number): string {
  return `data-${String(version).padStart(8, "0")}.parquet`;
}

/** The version in a delta's name; undefined for other names. */
export function parseDeltaFile(name: string): number | undefined {
  const match = /^data-(\d{8,})\.parquet$/.exec(name);
  return match?.[1] === undefined ? undefined : Number(match[1]);
}

/** The version in a base's name, 0 for `data.parquet` (older than all others); undefined for other names. */
function parseBaseFile(name: string): number | undefined {
  if (name === FIRST_BASE) return 0;
  const match = /^base-(\d{8,})\.parquet$/.exec(name);
  return match?.[1] === undefined ? undefined : Number(match[1]);
}

/** Parquet files of a partition's folder, classified by name. */
export interface PartitionNames {
  base: string | undefined;
  /** Versions of deltas newer than the base, ascending; all for `data.parquet`, whose version is inside. */
  deltas: number[];
  /** Older bases, and deltas included in the base; not opened. */
  dead: string[];
  /** The highest version in any name; 0 for none. */
  version: number;
}

/** Selects the live files of a partition's folder: the newest base, and the deltas above it. */
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

/** Parses a path `provider=P/dataset=D/task=T/variant=V`; undefined if it is none. */
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
