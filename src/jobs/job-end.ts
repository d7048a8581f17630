import { AppError } from "../errors.ts";
import type { JobRecord } from "../schema/job.ts";

export type End = Pick<JobRecord, "status" | "error">;

/** A job completes even if some uploads failed; it fails if no upload could be moved. */
export function endOf({ uploads }: JobRecord): End {
  const [first] = uploads;
  if (first === undefined || uploads.some(({ left_in }) => left_in === undefined))
    return { status: "completed" };
  return { status: "failed", ...(first.error && { error: first.error }) };
}

/** A server shutting down leaves the job to the next server. */
export function stoppedBy(signal: AbortSignal): End {
  const { reason } = signal;
  return reason instanceof AppError && reason.code === "shutting_down"
    ? { status: "queued" }
    : { status: "cancelled" };
}
