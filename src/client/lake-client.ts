import type { ExportRequest, ExportResult } from "../export/export.ts";
import type { UploadDestination } from "../ingest/upload-destination.ts";
import type { CHECK_LABELS } from "../operations/check-labels/operation.ts";
import type { AnyOperation, LocalOf, ProgressOf, RequestOf, ResultOf } from "../operations/operation.ts";
import type { QueryEngine } from "../query/engine.ts";
import type {
  CatalogInfo,
  CatalogPartition,
  RebuildResult,
  RemovedUpload,
  RetriedUpload,
} from "../schema/catalog-documents.ts";
import type { EngineName } from "../schema/engines.ts";
import type { JobRecord } from "../schema/job.ts";
import type { LabelCheck, LabelCheckProgress } from "../schema/label-check.ts";
import type { Detection } from "../schema/labels/detect/sample.ts";
import type { BoxUnit } from "../schema/labels/view.ts";
import type { BoxForm } from "../schema/labels/view-box.ts";
import type { RunRecord } from "../schema/operation.ts";
import type { Selection } from "../schema/partition.ts";
import type { RetryOptions } from "../schema/retry.ts";
import type { Provider, Task, TaskChange, Taxonomy } from "../schema/taxonomy.ts";
import type { RejectList, UploadList } from "../schema/upload-list.ts";
import type { AssetFinding, VerifyProgress, VerifyRequest, VerifySummary } from "../schema/verification.ts";
import type { SheetWishes } from "./reading-sheets.ts";

/**
 * A lake, in a folder or behind a server. Both do the same and throw the same codes, and every command and the SDK
 * use it through this; behind a server `server_unreachable`, `unauthorized` and `forbidden` come in addition. What
 * changes the lake is in its audit log. Nothing is opened or asked before the first call.
 */
export interface LakeClient {
  readonly taxonomy: TaxonomyClient;
  readonly uploads: UploadsClient;
  readonly jobs: JobsClient;
  readonly catalog: CatalogClient;
  readonly assets: AssetsClient;
  readonly views: ViewsClient;
  readonly operations: OperationsClient;
  /** The engine of that name. Throws `invalid_config` where settings of it are missing. The caller closes it. */
  engine(name: EngineName): Promise<QueryEngine>;
  /**
   * Writes the rows of a query as a file or folder, the same byte for byte by both ways. Throws `conflict` when
   * something is at the output, `missing_asset`, `not_found`, `no_space`, `cancelled`.
   */
  download(request: ExportRequest, engine: QueryEngine, options: DownloadWatch): Promise<ExportResult>;
}

/** Providers and tasks. Changes throw `conflict` for what is there or in use, `not_found` for what is not. */
export interface TaxonomyClient {
  read(): Promise<Taxonomy>;
  /** Each returns the name in NFC. */
  addProvider(name: string, provider: Provider): Promise<string>;
  removeProvider(name: string): Promise<string>;
  addTask(name: string, task: Task): Promise<string>;
  editTask(name: string, change: TaskChange): Promise<string>;
  removeTask(name: string): Promise<string>;
}

export interface UploadsClient {
  /** Where an upload is staged. */
  destination(): Promise<UploadDestination>;
  /** Those of the caller, or of everyone: all that are in progress, and a number of completed ones. */
  list(options: { all: boolean; completed: number }): Promise<UploadList>;
  /** Why rows of an upload were rejected: the first of them. Throws `not_found`. */
  rejects(uploadId: string, limit: number): Promise<RejectList>;
  /** Makes a failed upload pending again. Throws `not_found`, `conflict`, `usage`. */
  retry(uploadId: string, options?: RetryOptions): Promise<RetriedUpload>;
  /** Takes back an upload that waits or has failed. Throws `not_found`, `conflict` for one in work, `forbidden`. */
  remove(uploadId: string): Promise<RemovedUpload>;
}

export interface JobsClient {
  /**
   * Has the pending uploads processed: by the server, or the one that holds the folder, else by this process and a
   * child of it. A running job includes them. Throws `locked` when another process holds the folder.
   */
  start(options: StartOptions): Promise<StartedJob>;
  /** Throws `not_found`. */
  get(jobId: string): Promise<JobRecord>;
  /** The newest, newest first. */
  list(limit: number): Promise<JobRecord[]>;
  status(): Promise<LakeStatus>;
  /**
   * Follows a job until it ends and returns its final record. Throws `cancelled` when the signal fires, which does
   * not end a job of another process; `conflict` for a job that no process works on.
   */
  watch(jobId: string, options: WatchOptions): Promise<JobRecord>;
  /** Stops a job: its upload becomes pending again. Throws `conflict` if no process works on it. */
  cancel(jobId: string): Promise<JobRecord>;
}

export interface StartOptions {
  /** Work in this process where no server does; else that is `server_unreachable`. */
  here: boolean;
  /** Workers and rows a batch of a job of this process; by the settings without. */
  numProc?: number | undefined;
  batchSize?: number | undefined;
}

export interface StartedJob {
  jobId: string;
  /** It was running already, and includes the new uploads. */
  alreadyRunning: boolean;
  /** The server that runs it; undefined for a job of this process. */
  server?: string | undefined;
}

/** How many uploads are in each state, and the job that is not at its end. */
export interface LakeStatus {
  job: JobRecord | null;
  uploads: { pending: number; processing: number; failed: number };
  /** Of the job at work, where it is known. */
  workers?: { busy: number; total: number } | undefined;
  /** Whether a process works on the lake: always with a server. */
  isHeld: boolean;
}

/** A running job: without `uploads`, which are known at the end. */
export type JobUpdate = Omit<JobRecord, "uploads">;

export interface WatchOptions {
  signal?: AbortSignal | undefined;
  onUpdate?: ((job: JobUpdate) => void) | undefined;
}

/** The published catalog. Throws `not_found` when there is none. */
export interface CatalogClient {
  info(signal?: AbortSignal): Promise<CatalogInfo>;
  /** Sorted. */
  partitions(signal?: AbortSignal): Promise<CatalogPartition[]>;
  /** Brings it in line with the partitions; `full` rebuilds it from every file. Ends when it is published. */
  rebuild(options: RebuildOptions): Promise<RebuildResult>;
}

export interface RebuildOptions {
  full: boolean;
  signal?: AbortSignal | undefined;
  onStep?: ((step: string) => void) | undefined;
}

/** The long operations of the table, in operations/. */
export interface OperationsClient {
  /**
   * Runs one to its end: in this process or a child of it, or at the server, which stops it when the signal fires.
   * Throws `usage` for a request that it does not take, what it throws, `cancelled`, `worker_crashed`.
   */
  run<O extends AnyOperation>(
    operation: O,
    request: RequestOf<O>,
    options?: RunOptions<O>,
  ): Promise<FinishedOperation<O>>;
  /** The last completed run of an operation that the lake keeps it of, by whomever; undefined for none. */
  last(operation: AnyOperation): Promise<RunRecord | undefined>;
}

export interface RunOptions<O extends AnyOperation> {
  signal?: AbortSignal | undefined;
  onProgress?: ((progress: ProgressOf<O>) => void) | undefined;
  /** For a run on this machine. */
  local?: LocalOf<O> | undefined;
}

export interface FinishedOperation<O extends AnyOperation> {
  result: ResultOf<O>;
  /** Of a server's. */
  id?: string;
}

export interface AssetsClient {
  /** Checks the assets of the selected partitions and waits for it: their sizes, with `hash` their content. */
  verify(request: VerifyRequest, options: VerifyOptions): Promise<VerifiedAssets>;
  /** The bytes of an asset by the `path` of its row. Throws `missing_asset`, from a server `not_found`. */
  read(path: string, options: { signal: AbortSignal }): Promise<Uint8Array>;
}

export interface VerifyOptions {
  signal: AbortSignal;
  onProgress?: ((progress: VerifyProgress) => void) | undefined;
  /** Where all findings are written: CSV for a name that ends so, else JSON. Absolute. */
  report?: string | undefined;
  /** Files that are read at once; a server sees to that itself. */
  concurrency?: number | undefined;
}

/** What labels mean: docs/labels.md. */
export interface ViewsClient {
  /**
   * Finds the view of the selected labels from a sample of their rows: one reading, several where the boxes can be read
   * in several ways, or none with the reason. Throws `not_found` when nothing is selected.
   */
  detect(selection: Selection, options: DetectOptions): Promise<ViewDetection>;
  /** Reads the label of every selected row. Throws `not_found` when nothing is selected or no view is known. */
  check(request: RequestOf<typeof CHECK_LABELS>, options: CheckOptions): Promise<LabelCheck>;
}

/** What a sample of labels looks like. */
export interface ViewDetection extends Omit<Detection, "example"> {
  /** Those that rows were taken of. */
  partitions: string[];
  example: LabelExample | null;
  /** Absolute paths of the sheets that were asked for, one for each reading. */
  sheets: string[];
}

/** A box that readings place differently, and the page that it is on. */
export interface LabelExample {
  box: unknown;
  partition: string;
  source_row: number | null;
  source_name: string | null;
  /** Of the page's image, relative to `assets/`. */
  path: string | null;
}

export interface DetectOptions {
  signal: AbortSignal;
  /** What is known of the boxes. */
  form?: BoxForm | undefined;
  unit?: BoxUnit | undefined;
  /** Draw pages as each reading sees them. */
  sheets?: SheetWishes | undefined;
}

export interface CheckOptions {
  signal: AbortSignal;
  onProgress?: ((progress: LabelCheckProgress) => void) | undefined;
  /** Where all findings are written: CSV for a name that ends so, else JSON. Absolute. */
  report?: string | undefined;
}

/** What a check of assets found: the counts, and the first 1,000 bad ones. */
export interface VerifiedAssets {
  summary: VerifySummary;
  findings: AssetFinding[];
}

export interface DownloadWatch {
  signal: AbortSignal;
  onRows?: ((done: number, total: number) => void) | undefined;
  /** Of the files that come from a server. */
  onBytes?: ((done: number, total: number) => void) | undefined;
}
