import * as v from "valibot";
import { AppError } from "../errors.ts";
import type { Lake } from "../lake/lake.ts";
import type { JobRecord } from "../schema/job.ts";
import { JobIdSchema, UploadIdSchema } from "../schema/names.ts";
import type { PartitionKey } from "../schema/partition.ts";
import { defineCommand, defineGroup, type Effects } from "./command.ts";
import { describeJob, jobExit } from "./job-text.ts";
import { listProcessing } from "./process-list.ts";
import { rejectsCommand } from "./process-rejects.ts";
import { findServer, startProcessing } from "./processing.ts";
import { remoteUrl } from "./remote.ts";

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
    return flags.watch ? jobExit(job) : 0;
  },
});

const listCommand = defineCommand({
  summary: "List your uploads with their state, and the newest jobs",
  flags: {
    all: { type: "switch", description: "Uploads of everybody" },
    limit: {
      type: "number",
      placeholder: "N",
      description: "At most so many completed uploads (default: 20)",
    },
  },
  examples: ["datalake process list", "datalake process list --all --json"],
  run: async ({ flags: { all = false, limit } }, effects) => {
    if (limit !== undefined && !(Number.isSafeInteger(limit) && limit >= 0)) {
      throw new AppError("usage", `--limit is a number of uploads, not ${limit}`);
    }
    await listProcessing(effects, { all, limit });
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
    const { provider, dataset, task, variant } = await retryThereOrHere(effects, uploadId);
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
    checkJobId(jobId);
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
    rejects: rejectsCommand,
    retry: retryCommand,
    cancel: cancelCommand,
  },
});

async function retryThereOrHere(effects: Effects, uploadId: string): Promise<PartitionKey> {
  const url = remoteUrl(effects);
  if (url !== undefined) {
    const { connectCatalog } = await import("../client/remote-catalog.ts");
    return connectCatalog(url, effects.settings.token).retryUpload(uploadId);
  }
  const { retryUpload } = await import("../jobs/staging.ts");
  const retried = await retryUpload(await effects.openLake(), uploadId);
  await effects.audit(uploadId);
  return retried;
}

/** Follows a job through its server, else through its record in the lake. */
async function watchJob(effects: Effects, jobId: string | undefined): Promise<JobRecord> {
  const { isTerminal } = await import("../jobs/records.ts");
  const { watchLive } = await import("./process-watch.ts");
  const found = await readWantedJob(effects, jobId);
  if (isTerminal(found)) return found;
  const id = found.job_id;
  const { settings } = effects;
  const url = remoteUrl(effects);
  if (url !== undefined) {
    const { connectServer } = await import("../client/server.ts");
    const server = connectServer(url, settings.token);
    return watchLive(effects, async () => {
      const { job, uploads, workers } = await server.status();
      const watched = job?.job_id === id ? job : await server.job(id);
      return { job: watched, waiting: uploads.pending, failed: countFailed(watched), workers };
    });
  }
  const { listUploads } = await import("../lake/staged-entries.ts");
  const lake = await effects.openLake();
  return watchLive(effects, async () => {
    const job = await readWantedJob(effects, id);
    if (!isTerminal(job)) await refuseAbandoned(lake, job);
    const waiting = (await listUploads(lake, "pending")).length;
    const busy = job.progress.workers_busy;
    const workers =
      busy === undefined ? undefined : { busy, total: Math.max(busy, settings.processing.num_proc) };
    return { job, waiting, failed: countFailed(job), workers };
  });
}

function countFailed({ uploads }: JobRecord): number {
  return uploads.filter(({ status }) => status === "failed").length;
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
  if (jobId !== undefined) checkJobId(jobId);
  const { settings } = effects;
  const url = remoteUrl(effects);
  if (url !== undefined) {
    const { connectServer } = await import("../client/server.ts");
    const server = connectServer(url, settings.token);
    if (jobId !== undefined) return server.job(jobId);
    return newest(await server.jobs(1));
  }
  const { listJobs, readJob } = await import("../jobs/records.ts");
  const lake = await effects.openLake();
  return jobId === undefined ? newest(await listJobs(lake, 1)) : readJob(lake, jobId);
}

/** The same words for a lake behind a server as for one in a folder. */
function checkJobId(jobId: string): void {
  if (v.is(JobIdSchema, jobId)) return;
  const what = v.is(UploadIdSchema, jobId) ? `${jobId} is an upload, not a job` : `no job ${jobId}`;
  throw new AppError("not_found", `${what}; see \`datalake process list\``);
}

function newest(jobs: JobRecord[]): JobRecord {
  const [job] = jobs;
  if (job === undefined)
    throw new AppError("not_found", "there is no job yet; start one with `process start`");
  return job;
}
