import { AppError } from "../errors.ts";
import type { Failure } from "../schema/failure.ts";
import type { JobRecord } from "../schema/job.ts";

export type End = Pick<JobRecord, "status" | "error">;

/** A job completes even if some uploads failed; it fails if no upload could be moved. */
export function endOf({ uploads }: JobRecord): End {
  const [first] = uploads;
  if (first === undefined || uploads.some(({ left_in }) => left_in === undefined))
    return { status: "completed" };
  return { status: "failed", ...(first.error && { error: first.error }) };
}

const FOUND_AFTER = "what the job stored is found after `datalake catalog rebuild`";

/** A server shutting down leaves the job to the next server; else it says if rows are not in the catalog yet. */
export function stoppedBy(signal: AbortSignal, isUnpublished: boolean): End {
  const { reason } = signal;
  if (reason instanceof AppError && reason.code === "shutting_down") return { status: "queued" };
  const message = `stopped before the catalog was published; ${FOUND_AFTER}`;
  return { status: "cancelled", ...(isUnpublished && { error: { code: "cancelled", message } }) };
}

/** Why the catalog was not published, and what to do then: the next job does not look for it. */
export function notPublished({ message, ...failure }: Failure): Failure {
  return { ...failure, message: `${message}; ${FOUND_AFTER}` };
}
