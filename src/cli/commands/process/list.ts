import { isTerminal, type JobRecord } from "../../../schema/job.ts";
import type { ListedUpload } from "../../../schema/upload-list.ts";
import { placeOf } from "../../../schema/upload-list.ts";
import { formatCount, formatDuration, formatQuantity } from "../../../util/format.ts";
import type { Effects } from "../../arguments/command.ts";
import { oneLine, renderTable } from "../../terminal/table.ts";

const JOBS_SHOWN = 10;
const COMPLETED_SHOWN = 20;

export interface ListOptions {
  /** Uploads of everyone, not only of this account. */
  all: boolean;
  /** Maximum number of completed uploads. */
  limit?: number | undefined;
}

/** Of what a process that was killed has left: the state on disk is that of its last moment. */
export const LEFT_BEHIND =
  "no process is working on it; the next job continues it: `datalake process start --wait`";

/**
 * Prints `{uploads, unusable, jobs}`: the uploads of the caller, those on their way and the newest completed,
 * unusable entries in staging, and the newest jobs.
 */
export async function listProcessing(effects: Effects, options: ListOptions): Promise<void> {
  const { uploads, unusable, jobs, isHeld } = await readLists(effects, options);
  const isLeft = (job: JobRecord) => !isHeld && !isTerminal(job);
  effects.terminal.result({ uploads, unusable, jobs: jobs.map(jobDocument) }, () => {
    const lines = jobs.map(
      (job) =>
        `  ${job.job_id} ${job.status}, ${formatQuantity(job.progress.uploads_done, "upload")}, ${job.created_at}${isLeft(job) ? `; ${LEFT_BEHIND}` : ""}`,
    );
    return [
      uploads.length === 0 ? nothingText(options) : describeUploads(uploads, options),
      ...uploads
        .filter(({ status, error }) => status === "processing" && !isHeld && error === undefined)
        .map(({ upload_id }) => `${upload_id}: ${LEFT_BEHIND}`),
      ...unusable.map((entry) => oneLine(`${placeOf(entry)} ${entry.problem}`)),
      lines.length === 0 ? "No jobs yet." : "Jobs:",
      ...lines,
    ].join("\n");
  });
}

async function readLists(effects: Effects, { all, limit = COMPLETED_SHOWN }: ListOptions) {
  const lake = await effects.openClient();
  const list = await lake.uploads.list({ all, completed: limit });
  const jobs = await lake.jobs.list(JOBS_SHOWN);
  const isBusy = list.uploads.some(({ status }) => status === "processing") || !jobs.every(isTerminal);
  return { ...list, jobs, isHeld: !isBusy || (await lake.jobs.status()).isHeld };
}

function nothingText({ all }: ListOptions): string {
  return all ? "No uploads yet." : "You have no uploads; --all shows those of everyone.";
}

function describeUploads(uploads: readonly ListedUpload[], { all }: ListOptions): string {
  const columns = [
    { title: "UPLOAD" },
    { title: "STATE" },
    { title: "PARTITION" },
    { title: "ROWS", align: "right" },
    { title: "REJECTED", align: "right" },
    { title: "AGE", align: "right" },
    ...(all ? [{ title: "BY" } as const] : []),
  ] as const;
  const count = (value: number | null) => (value === null ? "-" : formatCount(value));
  const rows = uploads.map((upload) => [
    upload.upload_id,
    upload.unpublished ? "stored, not published" : upload.status,
    partitionOf(upload),
    count(upload.rows),
    count(upload.rejected),
    upload.age_seconds === null ? "-" : formatDuration(upload.age_seconds),
    ...(all ? [upload.uploaded_by ?? "-"] : []),
  ]);
  const reasons = uploads
    .filter(({ error }) => error !== undefined)
    .map(({ upload_id, status, error, rejected }) => {
      const what = status === "failed" ? "failed" : "cannot be processed";
      const why = rejected ? `; why: \`datalake process rejects ${upload_id}\`` : "";
      return `${upload_id} ${what}: ${oneLine(error?.message ?? "")}${why}`;
    });
  const isHidden = uploads.some(({ unpublished }) => unpublished);
  const hint = "`datalake catalog rebuild` publishes what is stored; searches do not find it before";
  return [renderTable(columns, rows), ...reasons, ...(isHidden ? [hint] : [])].join("\n");
}

function partitionOf({ provider, dataset, task, variant }: ListedUpload): string {
  return provider === null ? "unreadable" : `${provider}/${dataset}/${task}/${variant}`;
}

function jobDocument({ job_id, status, created_at, started_at, finished_at, progress }: JobRecord) {
  return { job_id, status, created_at, started_at, finished_at, progress };
}
