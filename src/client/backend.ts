import type { ExportRequest, ExportResult } from "../export/export.ts";
import type { UploadTarget } from "../ingest/upload-target.ts";
import type { QueryEngine } from "../query/engine.ts";
import type { AssetCheckRequest, AssetCheckSummary, AssetFinding } from "../schema/asset-check.ts";
import type { CatalogInfoAnswer, CatalogPartitionAnswer, RebuildAnswer } from "../schema/catalog-answers.ts";
import type { JobRecord } from "../schema/job.ts";
import type { EngineName } from "../schema/query.ts";
import type { JobUpdate } from "./server.ts";

/** How many uploads are in each state, and the job that is not at its end. */
export interface LakeStatus {
  job: JobRecord | null;
  uploads: { pending: number; processing: number; failed: number };
}

export interface StartedJob {
  jobId: string;
  /** It ran before, and takes the new uploads too. */
  alreadyRunning: boolean;
}

/** What a check of assets found: the counts, and the first 1,000 bad ones. */
export interface AssetValidation {
  summary: AssetCheckSummary;
  findings: AssetFinding[];
}

/** A lake, through its folder or through a server: both do the same and throw the same codes. */
export interface Backend {
  /** Where uploads go. */
  target: UploadTarget;
  startJob(): Promise<StartedJob>;
  job(jobId: string): Promise<JobRecord>;
  watchJob(jobId: string, signal: AbortSignal, onUpdate?: (job: JobUpdate) => void): Promise<JobRecord>;
  jobs(limit: number): Promise<JobRecord[]>;
  status(): Promise<LakeStatus>;
  catalogInfo(signal: AbortSignal): Promise<CatalogInfoAnswer>;
  rebuild(full: boolean, signal: AbortSignal): Promise<RebuildAnswer>;
  partitions(signal: AbortSignal): Promise<CatalogPartitionAnswer[]>;
  engine(name: EngineName): Promise<QueryEngine>;
  download(request: ExportRequest, engine: QueryEngine, signal: AbortSignal): Promise<ExportResult>;
  validateAssets(request: AssetCheckRequest, signal: AbortSignal): Promise<AssetValidation>;
}
