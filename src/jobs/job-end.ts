import { AppError } from "../errors.ts";
import type { JobRecord } from "../schema/job.ts";

/** How a job ends. */
export type End = Pick<JobRecord, "status" | "error">;

/** A job with some failed uploads is completed; one that could not move any upload has failed. */
export function endOf({ uploads }: JobRecord): End {
  const [first] = uploads;
  if (first === undefined || uploads.some(({ left_in }) => left_in === undefined))
    return { status: "completed" };
  return { status: "failed", ...(first.error && { error: first.error }) };
}

/** A server that shuts down leaves it to the next one. */
export function stoppedBy(signal: AbortSignal): End {
  const { reason } = signal;
  return reason instanceof AppError && reason.code === "shutting_down"
    ? { status: "queued" }
    : { status: "cancelled" };
}
