import { AppError, toAppError } from "../../../errors.ts";
import type { JobRecord, UploadOutcome } from "../../../schema/job.ts";
import { formatPartition, RAW_TASK } from "../../../schema/partition.ts";
import { formatBytes, formatCount, formatQuantity } from "../../../util/format.ts";

/** A job as text: its state, then a line for each upload. */
export function describeJob(job: JobRecord): string {
  const { progress } = job;
  const running = job.status === "running" || job.status === "queued";
  const head = running
    ? `Job ${job.job_id} is ${job.status}: ${formatCount(progress.rows_done)} of ${formatCount(progress.rows_total)} rows, ${progress.step}`
    : `Job ${job.job_id} ${job.status}${describeFailed(job)}`;
  const lines = [head, ...job.uploads.map((upload) => `  ${describeUpload(upload)}`)];
  if (job.uploads.length === 0 && job.status === "completed") lines.push("  nothing was pending");
  if (job.status === "cancelled") lines.push(...notBegun(job));
  if (job.error) lines.push(`  ${job.error.message}`);
  return lines.join("\n");
}

/** A job is completed however many of its uploads failed. */
function describeFailed({ uploads }: JobRecord): string {
  const failed = uploads.filter(({ status }) => status === "failed").length;
  return failed === 0
    ? ""
    : `, but ${formatCount(failed)} of ${formatQuantity(uploads.length, "upload")} failed`;
}

/** What continues uploads that are staged: with a server and without one. */
export const GO_ON = "`datalake process start --wait` goes on";

/** The job counted those that it saw; more may have come. */
function notBegun({ progress, uploads }: JobRecord): string[] {
  const handedBack = uploads.filter(({ status }) => status === "cancelled").length;
  const isMore = progress.uploads_total > progress.uploads_done + handedBack;
  return isMore ? [`  what it had not begun stays staged: ${GO_ON} with it`] : [];
}

/** Ctrl-C while a job of another process is watched ends the watching alone. */
export function whereItGoesOn(error: unknown, jobId: string): AppError {
  const known = toAppError(error);
  if (known.code !== "cancelled") return known;
  const message = `job ${jobId} goes on; \`datalake process status --watch\` follows it, \`datalake process cancel ${jobId}\` stops it`;
  return new AppError("cancelled", message, { details: { job_id: jobId }, cause: error });
}

export function describeUpload(upload: UploadOutcome): string {
  const name = `${upload.upload_id} ${formatPartition(upload)}`;
  const why = upload.rejected === 0 ? "" : `; why: \`datalake process rejects ${upload.upload_id}\``;
  if (upload.status === "failed")
    return `${name}: failed: ${upload.error?.message ?? "for an unknown reason"}${why}`;
  // Whoever cancels a job hands its uploads back.
  if (upload.status === "cancelled") return `${name}: stopped; it stays staged: ${GO_ON} with it`;
  if (upload.status !== "completed") return `${name}: ${upload.status}`;
  const { stored, deduplicated, bytes } = upload.assets;
  const parts = [formatQuantity(upload.rows, "row")];
  if (upload.rejected > 0) parts.push(`${formatCount(upload.rejected)} rejected`);
  if (stored > 0) parts.push(`${formatQuantity(stored, "asset")} stored (${formatBytes(bytes)})`);
  if (deduplicated > 0) parts.push(`${formatQuantity(deduplicated, "asset")} already stored`);
  const line = `${name}: ${parts.join(", ")}`;
  return `${line}${why}${describeRepeated(upload)}${describeTextLayer(upload)}${describeLabels(upload)}`;
}

/** An append takes any rows. */
function describeRepeated({ repeats }: UploadOutcome): string {
  if (repeats === undefined) return "";
  return `\n    upload ${repeats.upload_id} (${repeats.uploaded_at.slice(0, 10)}) brought exactly these rows: they are in the partition once more now`;
}

/** Scans have no text layer, unless somebody's OCR wrote one. */
function describeTextLayer({ text_layer: layer }: UploadOutcome): string {
  if (layer === undefined || layer.without_text === 0) return "";
  return `\n    ${formatCount(layer.without_text)} of ${formatQuantity(layer.pages, "page")} have no text: text_layer is empty there`;
}

/** What of the labels does not fit the view of the task. */
function describeLabels({ labels, provider, dataset, task, variant, rows }: UploadOutcome): string {
  const [first] = labels?.first ?? [];
  if (labels?.checked === 0 && task !== RAW_TASK && rows > 0)
    return `\n    none of ${formatQuantity(rows, "row")} has a label where the view of ${task} looks`;
  if (labels === undefined || first === undefined) return "";
  const { source_row, source_name, at, message } = first;
  const row = `source_row ${source_row}${source_name === null ? "" : ` (${source_name})`}`;
  const flags = `--provider ${provider} --dataset ${dataset} --task ${task} --variant ${variant}`;
  return [
    `\n    ${formatCount(labels.unfit)} of ${formatQuantity(labels.checked, "label")} do not fit the view of ${task}`,
    `(${row}: ${at}: ${message}); all: \`datalake view check ${flags}\``,
  ].join(" ");
}

/**
 * 1 when something failed, 3 when rows were rejected, 5 when another host continues it, 130 when cancelled, else 0.
 */
export function jobExit(job: JobRecord): number {
  if (job.status === "cancelled") return 130;
  if (job.error?.code === "locked") return 5; // another host continues it
  if (job.status === "failed" || job.uploads.some((upload) => upload.status === "failed")) return 1;
  return job.uploads.some((upload) => upload.rejected > 0) ? 3 : 0;
}
