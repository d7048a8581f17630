import type { Supervisor } from "../../jobs/supervisor.ts";
import type { JobProgress, JobRecord } from "../../schema/job.ts";
import type { MetricRegistry } from "./metric-registry.ts";

/** Counts what jobs do, from what their records say as they change. */
export function countWork(registry: MetricRegistry, supervisor: Pick<Supervisor, "subscribe">): void {
  const jobs = registry.counter("datalake_jobs_total", "Jobs that ended, by state.");
  const uploads = registry.counter("datalake_uploads_total", "Uploads of jobs that ended, by state.");
  const rows = registry.counter("datalake_rows_processed_total", "Processed rows of uploads.");
  const images = registry.counter("datalake_images_processed_total", "Processed images and files.");
  const bytes = registry.counter("datalake_processed_bytes_total", "Processed bytes of uploads.");
  const rejects = registry.counter("datalake_rejected_rows_total", "Rejected rows of jobs that ended.");
  for (const one of [rows, images, bytes, rejects]) one.add({}, 0);
  let seen: { jobId: string } & Amounts = { jobId: "", rows: 0, images: 0, bytes: 0 };
  supervisor.subscribe((record) => {
    const now = amountsOf(record.progress);
    // What a job that is continued did before is not this server's work.
    if (seen.jobId !== record.job_id) seen = { jobId: record.job_id, ...now };
    rows.add({}, Math.max(0, now.rows - seen.rows));
    images.add({}, Math.max(0, now.images - seen.images));
    bytes.add({}, Math.max(0, now.bytes - seen.bytes));
    seen = { jobId: record.job_id, ...now };
    if (record.status === "running") return;
    jobs.add({ state: record.status });
    for (const [state, count] of uploadStates(record)) uploads.add({ state }, count);
    rejects.add(
      {},
      record.uploads.reduce((sum, { rejected }) => sum + rejected, 0),
    );
  });
}

interface Amounts {
  rows: number;
  images: number;
  bytes: number;
}

function amountsOf({ rows_done, images_done, bytes_done }: JobProgress): Amounts {
  return { rows: rows_done, images: images_done, bytes: bytes_done };
}

function uploadStates({ uploads }: JobRecord): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { status } of uploads) counts.set(status, (counts.get(status) ?? 0) + 1);
  return counts;
}
