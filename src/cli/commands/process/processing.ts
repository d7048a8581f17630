import type { JobUpdate } from "../../../client/lake-client.ts";
import type { JobRecord } from "../../../schema/job.ts";
import type { Effects } from "../../arguments/command.ts";
import { checkWorkerFlags, type WorkerFlags } from "../../arguments/worker-flags.ts";
import { jobExit } from "./job-text.ts";

export interface ProcessingOptions extends WorkerFlags {
  /** Wait until the job ends; without a server, process in this command. */
  wait: boolean;
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
  { wait, numProc, batchSize }: ProcessingOptions,
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
  const show = progressShower(effects);
  try {
    const job = await jobs.watch(jobId, { signal: effects.signal, onUpdate: show.update });
    return { jobId, alreadyRunning, job, exit: jobExit(job) };
  } finally {
    show.finish();
  }
}

function progressShower(effects: Effects) {
  const bar = effects.terminal.progress("processing", { unit: "rows" });
  return {
    update: ({ progress }: JobUpdate) => {
      bar.update({
        done: progress.rows_done,
        total: progress.rows_total,
        bytes: progress.bytes_done,
        label: progress.step,
      });
    },
    finish: () => bar.finish(),
  };
}
