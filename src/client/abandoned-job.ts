import { AppError } from "../errors.ts";
import type { JobRecord } from "../schema/job.ts";

/** The error for a job that no process works on: following it would never end. */
export function abandonedJob({ job_id: jobId, status }: Pick<JobRecord, "job_id" | "status">): AppError {
  return new AppError(
    "conflict",
    `job ${jobId} is ${status} but no process is working on it; \`datalake serve\` or \`process start --wait\` continues it`,
  );
}
