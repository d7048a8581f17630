import { throwIfCancelled } from "../../../errors.ts";
import { isTerminal, type JobRecord } from "../../../schema/job.ts";
import type { Effects } from "../../arguments/command.ts";
import { jobExit } from "../process/job-text.ts";
import { type ProcessingResult, startProcessing } from "../process/processing.ts";

/** Jobs searched for one that took the upload. */
const RECENT = 20;
const LOOK_MS = 200;

/**
 * Processes pending uploads until a job has dealt with this one. The job of somebody else may have taken the
 * upload before, and that of an older server may have looked at the queue for the last time: the first job followed
 * is not always the one. The result without its outcome is of a job that was cancelled, failed, or found no such upload.
 */
export async function processUpload(effects: Effects, uploadId: string): Promise<ProcessingResult> {
  const hasTaken = ({ uploads }: JobRecord) => uploads.some(({ upload_id }) => upload_id === uploadId);
  const { jobs } = await effects.openClient();
  for (;;) {
    const result = await startProcessing(effects, { wait: true, uploadId });
    const { job, alreadyRunning } = result;
    if (job === undefined || hasTaken(job) || job.status === "cancelled") return result;
    const taker = (await jobs.list(RECENT)).find(hasTaken);
    if (taker !== undefined && isTerminal(taker)) {
      return { jobId: taker.job_id, alreadyRunning, job: taker, exit: jobExit(taker) };
    }
    if (taker === undefined && !alreadyRunning) return result;
    await Bun.sleep(LOOK_MS);
    throwIfCancelled(effects.signal);
  }
}
