import type { JobRecord } from "../../../schema/job.ts";
import type { Effects } from "../../arguments/command.ts";
import { checkWorkerFlags, type WorkerFlags } from "../../arguments/worker-flags.ts";
import { jobExit, whereItGoesOn } from "./job-text.ts";
import { showJob } from "./show-job.ts";

export interface ProcessingOptions extends WorkerFlags {
  /** Wait until the job ends; without a server, process in this command. */
  wait: boolean;
  /** The caller's upload: the progress of others is shown as theirs. */
  uploadId?: string;
}

export interface ProcessingResult {
  jobId: string;
  /** Whether the job was already running. */
  alreadyRunning: boolean;
  /** The final record; undefined without waiting. */
  job: JobRecord | undefined;
  exit: number;
}

/**
 * Processes the pending uploads: through a server, else, with `wait`, in this command and its child. Ctrl-C stops
 * the job of this command, of a server's only the showing. Throws `server_unreachable` without a server and without
 * `wait`, `locked` when another command is processing.
 */
export async function startProcessing(
  effects: Effects,
  { wait, numProc, batchSize, uploadId }: ProcessingOptions,
): Promise<ProcessingResult> {
  checkWorkerFlags({ numProc, batchSize });
  const { jobs } = await effects.openClient();
  const { jobId, alreadyRunning, server } = await jobs.start({ here: wait, numProc, batchSize });
  if (server !== undefined && (numProc !== undefined || batchSize !== undefined)) {
    effects.terminal.warn(
      `--num-proc and --batch-size are settings of the server at ${server}; ignored here`,
    );
  }
  if (!wait) return { jobId, alreadyRunning, job: undefined, exit: 0 };
  const show = showJob(effects.terminal, uploadId);
  try {
    const watching = jobs.watch(jobId, { signal: effects.signal, onUpdate: show.update });
    const job = await watching.catch((error) => {
      throw whereItGoesOn(error, jobId);
    });
    return { jobId, alreadyRunning, job, exit: jobExit(job) };
  } finally {
    show.finish();
  }
}
