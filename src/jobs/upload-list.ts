import type { Settings } from "../config.ts";
import type { Lake } from "../lake/lake.ts";
import type { JobRecord, UploadOutcome } from "../schema/job.ts";
import type { ListedUpload, UploadList } from "../schema/upload-list.ts";
import { listJobIds, readJob } from "./records.ts";
import { readStaged, type StagedUpload } from "./staged-uploads.ts";
import { findUnpublished, mayBeUnpublished } from "./unpublished.ts";

export interface UploadListOptions {
  /** Only uploads of this account or token; default all. */
  owner?: string | undefined;
  /** Maximum number of completed ones, newest first; unfinished ones are always listed. */
  completed: number;
  /** Wait for files that a lagging mount does not show yet. */
  patient?: boolean;
  /** Look in the catalog for those of jobs that did not publish all that they stored. */
  settings?: Settings;
}

/** Maximum jobs searched for completed uploads. */
const MAX_JOBS = 200;
/** Minimum jobs searched: the newest explain why an upload stays in place. */
const MIN_JOBS = 3;

/** Uploads being processed, pending and failed, each oldest first, then completed ones, newest first. */
export async function listUploadsOf(lake: Lake, options: UploadListOptions): Promise<ListedUpload[]> {
  return (await readUploadList(lake, options)).uploads;
}

/** The same plus unusable entries, which every user may see. */
export async function readUploadList(lake: Lake, options: UploadListOptions): Promise<UploadList> {
  const { uploads: staged, unusable } = await readStaged(lake, ["processing", "pending", "failed"], {
    patient: options.patient ?? false,
  });
  const now = Date.now();
  // An unreadable upload has no known owner, so everyone sees it.
  const isWanted = ({ uploaded_by, status }: ListedUpload) =>
    options.owner === undefined ||
    uploaded_by === options.owner ||
    (uploaded_by === null && status !== "completed");
  const known = new Set(staged.map(({ upload_id }) => upload_id));
  const completed: ListedUpload[] = [];
  const left = new Map<string, UploadOutcome>();
  const doubtful: UploadOutcome[] = [];
  for (const [at, id] of (await listJobIds(lake)).slice(0, MAX_JOBS).entries()) {
    if (completed.length >= options.completed && at >= MIN_JOBS) break;
    const job = await readJob(lake, id).catch(() => undefined); // damaged or just removed
    for (const outcome of [...(job?.uploads ?? [])].reverse()) {
      if (outcome.left_in !== undefined && !left.has(outcome.upload_id)) left.set(outcome.upload_id, outcome);
      if (job === undefined || outcome.status !== "completed" || known.has(outcome.upload_id)) continue;
      known.add(outcome.upload_id);
      const one = describeCompleted(outcome, job, now);
      if (!isWanted(one)) continue;
      completed.push(one);
      if (mayBeUnpublished(job)) doubtful.push(outcome);
    }
  }
  const listed = staged.map((one) => describeStaged(one, left.get(one.upload_id), now)).filter(isWanted);
  const { settings } = options;
  const unpublished =
    settings === undefined || doubtful.length === 0
      ? new Set<string>()
      : await findUnpublished({ lake, settings }, doubtful);
  const marked = completed.map((one) =>
    unpublished.has(one.upload_id) ? { ...one, unpublished: true as const } : one,
  );
  return {
    uploads: [...listed, ...marked.slice(0, options.completed)],
    unusable: unusable.map(({ problem = "", ...entry }) => ({ ...entry, problem })),
  };
}

function describeStaged(staged: StagedUpload, left: UploadOutcome | undefined, now: number): ListedUpload {
  const { upload_id, status, manifest, failure, problem } = staged;
  const error = failure ?? (left?.left_in === status ? left.error : undefined) ?? problem;
  return {
    upload_id,
    status,
    provider: manifest?.provider ?? null,
    dataset: manifest?.dataset ?? null,
    task: manifest?.task ?? null,
    variant: manifest?.variant ?? null,
    rows: manifest?.rows ?? null,
    rejected: failure === undefined ? null : rejectedOf(failure.details),
    uploaded_by: manifest?.created_by ?? null,
    uploaded_at: manifest?.created_at ?? null,
    age_seconds: ageOf(manifest?.created_at, now),
    job_id: failure?.job_id ?? null,
    ...(failure && { failed_at: failure.failed_at }),
    ...(error && { error: { code: error.code, message: error.message } }),
  };
}

function describeCompleted(outcome: UploadOutcome, job: JobRecord, now: number): ListedUpload {
  const { upload_id, provider, dataset, task, variant, rows, rejected, uploaded_by, uploaded_at } = outcome;
  return {
    upload_id,
    status: "completed",
    provider,
    dataset,
    task,
    variant,
    rows,
    rejected,
    uploaded_by: uploaded_by ?? null,
    uploaded_at: uploaded_at ?? null,
    age_seconds: ageOf(uploaded_at, now),
    job_id: job.job_id,
  };
}

function rejectedOf(details: Record<string, unknown> | undefined): number | null {
  return typeof details?.rejected === "number" ? details.rejected : null;
}

function ageOf(iso: string | undefined, now: number): number | null {
  const time = Date.parse(iso ?? "");
  return Number.isNaN(time) ? null : Math.max(0, Math.round((now - time) / 1000));
}
