import type { Table } from "apache-arrow";
import type * as v from "valibot";
import { AppError, throwIfCancelled } from "../errors.ts";
import type { ExportRequest, ExportResult } from "../export/export.ts";
import { EXPORT_FORMATS, findFormat } from "../export/formats.ts";
import type { AnyOperation, RequestOf, ResultOf } from "../operations/operation.ts";
import type { QueryEngine } from "../query/engine.ts";
import type { CatalogInfo, CatalogPartition, RebuildResult } from "../schema/catalog-documents.ts";
import { checkValue } from "../schema/check.ts";
import { describeIssue } from "../schema/describe-issue.ts";
import { DEFAULT_ENGINE, type EngineName } from "../schema/engines.ts";
import type { JobRecord } from "../schema/job.ts";
import { type LabelCheck, LabelCheckRequestSchema } from "../schema/label-check.ts";
import type { RunRecord } from "../schema/operation.ts";
import { createSelector, type Selection, SelectionSchema } from "../schema/partition.ts";
import { type RowQuery, RowQuerySchema, type RowResult } from "../schema/query.ts";
import { SampleWishesSchema } from "../schema/samples.ts";
import type { UploadManifest } from "../schema/upload.ts";
import { type VerifyRequest, VerifyRequestSchema } from "../schema/verification.ts";
import type {
  DetectOptions,
  JobUpdate,
  LakeClient,
  LakeStatus,
  RunOptions,
  StartedJob,
  VerifiedAssets,
  ViewDetection,
} from "./lake-client.ts";
import { type DatalakeClientOptions, openLakeOf, settingsOf } from "./options.ts";
import { type RawUpload, type TaskUpload, uploadTo } from "./uploads.ts";

/** A query for rows: which partitions, which of their rows, the limit, and the engine. */
export type SearchQuery = RowQuery & { engine?: EngineName };

export interface DownloadOptions extends Omit<ExportRequest, "query" | "format" | "images" | "skipMissing"> {
  query?: SearchQuery;
  /** Its name, or one of your own; `dataset` without. */
  format?: ExportRequest["format"];
  /** Without, the first that the format has: `embed`. */
  images?: ExportRequest["images"];
  /** Leaves out rows whose image is missing, instead of failing. */
  skipMissing?: boolean;
}

/**
 * A lake, by its folder or through a server; both ways do the same. Every call throws an `AppError` with one of the
 * project's codes. `close` frees what it holds.
 */
export class DatalakeClient {
  readonly #options: DatalakeClientOptions;
  readonly #signal: AbortSignal;
  readonly #engines = new Map<EngineName, Promise<QueryEngine>>();
  #lake: Promise<LakeClient> | undefined;

  constructor(options: DatalakeClientOptions = {}) {
    if (options.basePath !== undefined && options.serverUrl !== undefined) {
      throw new AppError("usage", "basePath and serverUrl exclude each other; give one of them");
    }
    this.#options = options;
    this.#signal = options.signal ?? new AbortController().signal;
  }

  /**
   * Stages raw data: images, files or texts, with the columns beside them. It is safe when this returns, and in the
   * catalog after the next job. Through a server only what it does not have is sent, and the same call continues
   * with what broke off. Throws what `datalake upload` refuses: `partition_exists`, `invalid_input`,
   * `type_mismatch`...
   */
  async uploadRawData(upload: RawUpload): Promise<UploadManifest> {
    return this.#upload("raw", upload);
  }

  /**
   * Stages labels of a task, whose rows name raw data by `hash`, `path` or `source_name`. Throws as
   * `uploadRawData`.
   */
  async uploadTaskData(upload: TaskUpload): Promise<UploadManifest> {
    return this.#upload("task", upload);
  }

  /** Starts processing of the pending uploads; a running job includes them. Does not wait until it ends. */
  async triggerProcessing(): Promise<StartedJob> {
    return (await this.#open()).jobs.start({ here: true });
  }

  /** A job with its progress and its uploads. Throws `not_found`. */
  async getJobStatus(jobId: string): Promise<JobRecord> {
    return (await this.#open()).jobs.get(jobId);
  }

  /** Waits until a job ends and returns its final record; a failed job is not an error, see its `status`. */
  async waitForJobCompletion(
    jobId: string,
    options: { signal?: AbortSignal; onUpdate?: (job: JobUpdate) => void } = {},
  ): Promise<JobRecord> {
    const signal = this.#until(options.signal);
    const job = await (await this.#open()).jobs.watch(jobId, { signal, onUpdate: options.onUpdate });
    throwIfCancelled(signal);
    return job;
  }

  /** The newest jobs, newest first. */
  async listJobs(limit = 50): Promise<JobRecord[]> {
    return (await this.#open()).jobs.list(limit);
  }

  /** The job at work, if any, and how many uploads are pending, in work and failed. */
  async getStatus(): Promise<LakeStatus> {
    return (await this.#open()).jobs.status();
  }

  /** Contents of the published catalog. Throws `not_found` when there is none. */
  async getCatalogInfo(): Promise<CatalogInfo> {
    return (await this.#open()).catalog.info(this.#signal);
  }

  /** Brings the catalog in line with the partitions; `full` rebuilds it from every file. */
  async buildCatalog(options: { full?: boolean; signal?: AbortSignal } = {}): Promise<RebuildResult> {
    const { full = false } = options;
    return (await this.#open()).catalog.rebuild({ full, signal: this.#until(options.signal) });
  }

  /** The partitions of the catalog with their rows, bytes and versions, sorted. */
  async getPartitions(selection: Selection = {}): Promise<CatalogPartition[]> {
    const partitions = await (await this.#open()).catalog.partitions(this.#signal);
    return partitions.filter(createSelector(selection));
  }

  /**
   * Rows by partition, by text, or with a value: their number at once, the rows as Arrow batches while they are read.
   * Throws `usage`, and `not_found` when no such partition or column is there.
   */
  async search(query: SearchQuery = {}, options: { signal?: AbortSignal } = {}): Promise<RowResult> {
    const { engine, rows } = checkQuery(query);
    const answering = await this.#engine(engine);
    return answering.retrieveWithExistingCols(rows, this.#until(options.signal));
  }

  /** The same rows as one Arrow table, in memory: for what fits there, `limit` helps. */
  async toArrow(query: SearchQuery = {}, options: { signal?: AbortSignal } = {}): Promise<Table> {
    const { schema, batches } = await this.search(query, options);
    const { Table: ArrowTable } = await import("apache-arrow");
    return new ArrowTable(schema, await Array.fromAsync(batches));
  }

  /**
   * Writes the rows in a format of export/formats.ts, with their images inside. Through a server it resumes an
   * earlier call. Throws `conflict` when something is at `output`, `missing_asset`, `not_found`.
   */
  async download(options: DownloadOptions, { signal }: { signal?: AbortSignal } = {}): Promise<ExportResult> {
    const { engine: name, rows } = checkQuery(options.query ?? {});
    const { format: given = EXPORT_FORMATS[0] } = options;
    const format = typeof given === "string" ? findFormat(given) : given;
    const request: ExportRequest = {
      query: rows,
      output: options.output,
      format,
      images: options.images ?? format.images[0] ?? "none",
      skipMissing: options.skipMissing ?? false,
      ...(options.samples && { samples: check(SampleWishesSchema, options.samples) }),
    };
    const lake = await this.#open();
    return lake.download(request, await this.#engine(name), { signal: this.#until(signal) });
  }

  /** Has the assets of the selected partitions checked and waits for it: their sizes, with `hash` their content. */
  async requestAssetValidation(
    request: v.InferInput<typeof VerifyRequestSchema> = {},
    options: { signal?: AbortSignal } = {},
  ): Promise<VerifiedAssets> {
    const checked: VerifyRequest = check(VerifyRequestSchema, request);
    return (await this.#open()).assets.verify(checked, { signal: this.#until(options.signal) });
  }

  /** Finds out from a sample what the selected labels mean; `readings` has several where boxes are ambiguous. */
  async detectView(
    selection: Selection = {},
    options: Pick<DetectOptions, "form" | "unit"> & { signal?: AbortSignal } = {},
  ): Promise<ViewDetection> {
    const { views } = await this.#open();
    return views.detect(check(SelectionSchema, selection), {
      ...options,
      signal: this.#until(options.signal),
    });
  }

  /** Reads the labels of the selected rows by a view, that of their task without, and tells what does not fit. */
  async checkLabels(
    request: v.InferInput<typeof LabelCheckRequestSchema> = {},
    options: { signal?: AbortSignal } = {},
  ): Promise<LabelCheck> {
    const checked = check(LabelCheckRequestSchema, request);
    return (await this.#open()).views.check(checked, { signal: this.#until(options.signal) });
  }

  /** The last completed run of `verify` or `doctor`, whoever ran it; undefined for none. */
  async lastRun(operation: AnyOperation): Promise<RunRecord | undefined> {
    const { operations } = await this.#open();
    return operations.last(operation);
  }

  /** Runs a long operation of operations/ to its end; what has a method of its own is easier by that. */
  async run<O extends AnyOperation>(
    operation: O,
    request: RequestOf<O>,
    options: RunOptions<O> = {},
  ): Promise<ResultOf<O>> {
    const { operations } = await this.#open();
    const { result } = await operations.run(operation, request, {
      ...options,
      signal: this.#until(options.signal),
    });
    return result;
  }

  /** Frees the engines. May be called several times; a later call opens them again. */
  close(): void {
    for (const engine of this.#engines.values()) {
      engine.then(
        (open) => open.close(),
        () => {},
      );
    }
    this.#engines.clear();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  async #upload(type: "raw" | "task", upload: RawUpload | TaskUpload): Promise<UploadManifest> {
    const target = await (await this.#open()).uploads.destination();
    const settings = await settingsOf(this.#options);
    return uploadTo(target, settings, type, upload, this.#until(upload.signal));
  }

  #until(signal: AbortSignal | undefined): AbortSignal {
    return signal === undefined ? this.#signal : AbortSignal.any([this.#signal, signal]);
  }

  #engine(name: EngineName): Promise<QueryEngine> {
    const known = this.#engines.get(name);
    if (known) return known;
    const engine = this.#open().then((lake) => lake.engine(name));
    this.#engines.set(name, engine);
    engine.catch(() => this.#engines.delete(name));
    return engine;
  }

  #open(): Promise<LakeClient> {
    throwIfCancelled(this.#signal);
    if (this.#lake) return this.#lake;
    const lake = openLakeOf(this.#options, this.#signal);
    this.#lake = lake;
    lake.catch(() => {
      this.#lake = undefined;
    });
    return lake;
  }
}

function checkQuery({ engine = DEFAULT_ENGINE, ...query }: SearchQuery): {
  engine: EngineName;
  rows: RowQuery;
} {
  return { engine, rows: check(RowQuerySchema, query) };
}

function check<S extends v.GenericSchema>(schema: S, given: unknown): v.InferOutput<S> {
  const checked = checkValue(schema, given);
  if (checked.success) return checked.output;
  throw new AppError("usage", describeIssue(checked.issues[0]));
}
