/** The package's entry: what a program may use of a lake, and of its server. */
export { AppError, type ErrorCode, type ErrorDocument } from "../errors.ts";
export type { ExportResult } from "../export/export.ts";
export type { ExportFormat } from "../export/formats.ts";
export { defineOperation, type Operation } from "../operations/operation.ts";
export { AthenaClient, type AthenaClientOptions } from "../query/athena/client.ts";
export { DuckDBClient, type DuckDBClientOptions } from "../query/duckdb/client.ts";
export type { QueryEngine } from "../query/engine.ts";
export { TrinoClient, type TrinoClientOptions } from "../query/trino/client.ts";
export type { Column } from "../schema/columns.ts";
export type { EngineName } from "../schema/engines.ts";
export type { JobProgress, JobRecord, UploadOutcome } from "../schema/job.ts";
export type { LabelCheck } from "../schema/label-check.ts";
export type { Selection } from "../schema/partition.ts";
export type {
  PartitionCount,
  QueryStats,
  RowQuery,
  RowResult,
  SqlLimits,
  TableResult,
} from "../schema/query.ts";
export type { UploadManifest } from "../schema/upload.ts";
export {
  DatalakeClient,
  type DownloadOptions,
  type SearchQuery,
} from "./datalake.ts";
export type {
  FinishedOperation,
  JobUpdate,
  LakeStatus,
  RunOptions,
  StartedJob,
  VerifiedAssets as AssetValidation,
  ViewDetection,
  WatchOptions,
} from "./lake-client.ts";
export type { DatalakeClientOptions } from "./options.ts";
export { connectServer, type ServerClient } from "./remote/server.ts";
export type { RawUpload, TaskUpload, UploadInput, UploadRow } from "./uploads.ts";
