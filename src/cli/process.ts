import { AppError, throwIfCancelled } from "../errors.ts";
import type { Lake } from "../lake/lake.ts";
import type { JobRecord } from "../schema/job.ts";
import { defineCommand, defineGroup, type Effects } from "./command.ts";
import { describeJob } from "./job-text.ts";
import { listProcessing } from "./process-list.ts";
import { findServer, followThere, startProcessing } from "./processing.ts";

const startCommand = defineCommand({
  summary: "Process the pending uploads",
  flags: {
    wait: { type: "switch", description: "Wait for the end; without a server, process in this command" },
    numProc: { type: "number", description: "Workers, when processing in this command", placeholder: "N" },
    batchSize: {
      type: "number",
      description: "Rows a batch, when processing in this command",
      placeholder: "N",
    },
  },
  examples: ["datalake process start", "datalake process start --wait --json"],
  run: async ({ flags }, effects) => {
    const { wait = false, numProc, batchSize } = flags;
    const { jobId, alreadyRunning, job, exit } = await startProcessing(effects, { wait, numProc, batchSize });
    const document = job ?? { job_id: jobId, status: alreadyRunning ? "already_running" : "started" };
    effects.terminal.result(document, () => {
      if (job) return describeJob(job);
      return alreadyRunning
        ? `Job ${jobId} is running already and takes the new uploads too.`
        : `Job ${jobId} started; see \`datalake process status --watch\`.`;
    });
    return exit;
  },
});

const statusCommand = defineCommand({
  summary: "Show a job; the newest one without an id",
  positionals: ["[JOB]"],
  flags: { watch: { type: "switch", description: "Follow it to its end" } },
  examples: ["datalake process status --watch"],
  run: async ({ flags, positionals }, effects) => {
    const job = flags.watch
      ? await watchJob(effects, positionals[0])
      : await readWantedJob(effects, positionals[0]);
    effects.terminal.result(job, () => describeJob(job));
    return 0;
  },
});

const listCommand = defineCommand({
  summary: "List uploads that wait, are in work or failed, and the newest jobs",
  flags: {},
  examples: ["datalake process list", "datalake process list --json"],
  run: async (_, effects) => {
    await listProcessing(await effects.openLake(), effects.terminal);
    return 0;
  },
});

const retryCommand = defineCommand({
  summary: "Put a failed upload back among the pending ones",
  positionals: ["UPLOAD"],
  flags: {},
  examples: ["datalake process retry u0197c0ffee0000000000000000000000"],
  run: async ({ positionals }, effects) => {
    const [uploadId] = positionals;
    if (uploadId === undefined)
      throw new AppError("usage", "no upload is given; write `process retry UPLOAD`");
    const { retryUpload } = await import("../jobs/staging.ts");
    const { provider, dataset, task, variant } = await retryUpload(await effects.openLake(), uploadId);
    effects.terminal.result(
      { upload_id: uploadId, provider, dataset, task, variant, status: "pending" },
      () => `Upload ${uploadId} is pending again; process it with \`datalake process start\`.`,
    );
    return 0;
  },
});

const cancelCommand = defineCommand({
  summary: "Cancel a running job; its running upload is pending again",
  positionals: ["JOB"],
  flags: {},
  examples: ["datalake process cancel j0197c0ffee0000000000000000000000"],
  run: async ({ positionals }, effects) => {
    const [jobId] = positionals;
    if (jobId === undefined) throw new AppError("usage", "no job is given; write `process cancel JOB`");
    const server = await findServer(effects);
    if (server === undefined) {
      const job = await readWantedJob(effects, jobId);
      throw new AppError(
        "conflict",
        `job ${jobId} is ${job.status} and nobody works on it; nothing to cancel`,
      );
    }
    const job = await server.cancelJob(jobId);
    effects.terminal.result(job, () => describeJob(job));
    return 0;
  },
});

export const processCommand = defineGroup({
  summary: "Process uploads and watch over it",
  subcommands: {
    start: startCommand,
    status: statusCommand,
    list: listCommand,
    retry: retryCommand,
    cancel: cancelCommand,
  },
});

const WATCH_INTERVAL_MS = 500;

/** Follows a job through its server, else through its record in the lake. */
async function watchJob(effects: Effects, jobId: string | undefined): Promise<JobRecord> {
  const { isTerminal } = await import("../jobs/records.ts");
  const found = await readWantedJob(effects, jobId);
  if (isTerminal(found)) return found;
  const server = effects.settings.server === undefined ? undefined : await findServer(effects);
  if (server) return followThere(server, found.job_id, effects);
  const bar = effects.terminal.progress("processing", { unit: "rows" });
  try {
    for (let job = found; ; job = await readWantedJob(effects, found.job_id)) {
      const { rows_done: done, rows_total: total, bytes_done: bytes, step: label } = job.progress;
      bar.update({ done, total, bytes, label });
      if (isTerminal(job)) return job;
      await refuseAbandoned(await effects.openLake(), job);
      throwIfCancelled(effects.signal);
      await Bun.sleep(WATCH_INTERVAL_MS);
    }
  } finally {
    bar.finish();
  }
}

/** A job that nobody works on would be watched for ever. */
async function refuseAbandoned(lake: Lake, job: JobRecord): Promise<void> {
  const { findHolder } = await import("../client/locate.ts");
  if ((await findHolder(lake)) !== undefined) return;
  throw new AppError(
    "conflict",
    `job ${job.job_id} is ${job.status} but nobody works on it; \`datalake serve\` or \`process start --wait\` continues it`,
  );
}

async function readWantedJob(effects: Effects, jobId: string | undefined): Promise<JobRecord> {
  const { settings } = effects;
  if (settings.server !== undefined) {
    const { connectServer } = await import("../client/server.ts");
    const server = connectServer(settings.server, settings.token);
    if (jobId !== undefined) return server.job(jobId);
    return newest(await server.jobs(1));
  }
  const { listJobs, readJob } = await import("../jobs/records.ts");
  const lake = await effects.openLake();
  return jobId === undefined ? newest(await listJobs(lake, 1)) : readJob(lake, jobId);
}

function newest(jobs: JobRecord[]): JobRecord {
  const [job] = jobs;
  if (job === undefined)
    throw new AppError("not_found", "there is no job yet; start one with `process start`");
  return job;
}
