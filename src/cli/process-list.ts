import { listJobs } from "../jobs/records.ts";
import { listStaged, type StagedUpload } from "../jobs/staging.ts";
import type { Lake } from "../lake/lake.ts";
import type { JobRecord } from "../schema/job.ts";
import { formatPartition } from "../schema/partition.ts";
import { formatCount } from "../util/format.ts";
import type { Terminal } from "./terminal.ts";

const JOBS_SHOWN = 10;

/** Prints `{uploads, jobs}`: what lies in staging, and the newest jobs. */
export async function listProcessing(lake: Lake, terminal: Terminal): Promise<void> {
  const staged = await listStaged(lake, ["processing", "pending", "failed"]);
  const jobs = await listJobs(lake, JOBS_SHOWN);
  terminal.result({ uploads: staged.map(uploadDocument), jobs: jobs.map(jobDocument) }, () => {
    const uploads = staged.map(describeStaged);
    const lines = jobs.map(
      (job) =>
        `  ${job.job_id} ${job.status}, ${formatCount(job.progress.uploads_done)} uploads, ${job.created_at}`,
    );
    return [
      uploads.length === 0 ? "No upload waits." : "Uploads:",
      ...uploads,
      lines.length === 0 ? "No job yet." : "Jobs:",
      ...lines,
    ].join("\n");
  });
}

function uploadDocument({ upload_id, status, manifest, failure }: StagedUpload) {
  return {
    upload_id,
    status,
    provider: manifest?.provider ?? null,
    dataset: manifest?.dataset ?? null,
    task: manifest?.task ?? null,
    variant: manifest?.variant ?? null,
    rows: manifest?.rows ?? null,
    ...(failure === undefined
      ? {}
      : { failed_at: failure.failed_at, error: { code: failure.code, message: failure.message } }),
  };
}

function jobDocument({ job_id, status, created_at, started_at, finished_at, progress }: JobRecord) {
  return { job_id, status, created_at, started_at, finished_at, progress };
}

function describeStaged({ upload_id, status, manifest, failure }: StagedUpload): string {
  const what = manifest ? `${formatPartition(manifest)}, ${formatCount(manifest.rows)} rows` : "unreadable";
  const why = failure === undefined ? "" : `: ${failure.message}`;
  return `  ${upload_id} ${status}: ${what}${why}`;
}
