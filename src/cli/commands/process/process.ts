import * as v from "valibot";
import { abandonedJob } from "../../../client/abandoned-job.ts";
import { AppError } from "../../../errors.ts";
import { isTerminal, type JobRecord } from "../../../schema/job.ts";
import { JobIdSchema, UploadIdSchema } from "../../../schema/names.ts";
import { defineCommand, defineGroup, type Effects } from "../../arguments/command.ts";
import { describeJob, jobExit, whereItGoesOn } from "./job-text.ts";
import { LEFT_BEHIND, listProcessing } from "./list.ts";
import { startProcessing } from "./processing.ts";
import { rejectsCommand } from "./rejects.ts";
import { removeCommand } from "./remove.ts";

const startCommand = defineCommand({
  summary: "Process the pending uploads",
  flags: {
    wait: { type: "switch", description: "Wait until it ends; without a server, process in this command" },
    numProc: { type: "number", description: "Workers, when processing in this command", placeholder: "N" },
    batchSize: {
      type: "number",
      description: "Rows per batch, when processing in this command",
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
        ? `Job ${jobId} is already running and will process the new uploads too.`
        : `Job ${jobId} started; see \`datalake process status --watch\`.`;
    });
    return exit;
  },
});

const statusCommand = defineCommand({
  summary: "Show a job, by default the newest one",
  positionals: ["[JOB]"],
  flags: { watch: { type: "switch", description: "Follow it until it ends" } },
  examples: ["datalake process status --watch"],
  run: async ({ flags, positionals }, effects) => {
    const job = flags.watch
      ? await watchJob(effects, positionals[0])
      : await readWantedJob(effects, positionals[0]);
    const isLeft = !isTerminal(job) && !(await (await effects.openClient()).jobs.status()).isHeld;
    effects.terminal.result(job, () => `${describeJob(job)}${isLeft ? `\n  ${LEFT_BEHIND}` : ""}`);
    return flags.watch ? jobExit(job) : 0;
  },
});

const listCommand = defineCommand({
  summary: "List your uploads with their state, and the newest jobs",
  flags: {
    all: { type: "switch", description: "Show the uploads of everyone" },
    limit: {
      type: "number",
      placeholder: "N",
      description: "Maximum number of completed uploads (default: 20)",
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
  summary: "Make a failed upload pending again",
  positionals: ["UPLOAD"],
  flags: {
    maxRejects: {
      type: "text",
      placeholder: "1%",
      description: "Rejected rows allowed from now on; default: as uploaded",
    },
  },
  examples: [
    "datalake process retry u0197c0ffee0000000000000000000000",
    "datalake process retry u0197c0ffee0000000000000000000000 --max-rejects 5",
  ],
  run: async ({ flags: { maxRejects }, positionals }, effects) => {
    const [uploadId] = positionals;
    if (uploadId === undefined)
      throw new AppError("usage", "no upload is given; write `process retry UPLOAD`");
    const retried = await (await effects.openClient()).uploads.retry(uploadId, { maxRejects });
    effects.terminal.result(
      retried,
      () => `Upload ${uploadId} is pending again; process it with \`datalake process start --wait\`.`,
    );
    return 0;
  },
});

const cancelCommand = defineCommand({
  summary: "Cancel a running job; its current upload becomes pending again",
  positionals: ["JOB"],
  flags: {},
  examples: ["datalake process cancel j0197c0ffee0000000000000000000000"],
  run: async ({ positionals }, effects) => {
    const [jobId] = positionals;
    if (jobId === undefined) throw new AppError("usage", "no job is given; write `process cancel JOB`");
    checkJobId(jobId);
    const job = await (await effects.openClient()).jobs.cancel(jobId);
    effects.terminal.result(job, () => describeJob(job));
    return 0;
  },
});

export const processCommand = defineGroup({
  summary: "Process uploads and follow jobs",
  subcommands: {
    start: startCommand,
    status: statusCommand,
    list: listCommand,
    rejects: rejectsCommand,
    retry: retryCommand,
    remove: removeCommand,
    cancel: cancelCommand,
  },
});

/** Follows a job in the live view until it ends. */
async function watchJob(effects: Effects, jobId: string | undefined): Promise<JobRecord> {
  const { watchLive } = await import("./watch.ts");
  const { jobs } = await effects.openClient();
  const found = await readWantedJob(effects, jobId);
  if (isTerminal(found)) return found;
  const id = found.job_id;
  const watching = watchLive(effects, async () => {
    const { job: current, uploads, workers, isHeld } = await jobs.status();
    const job = current?.job_id === id && isHeld ? current : await jobs.get(id);
    if (!isHeld && !isTerminal(job)) throw abandonedJob(job);
    return { job, waiting: uploads.pending, failed: countFailed(job), workers };
  });
  return watching.catch((error) => {
    throw whereItGoesOn(error, id);
  });
}

function countFailed({ uploads }: JobRecord): number {
  return uploads.filter(({ status }) => status === "failed").length;
}

async function readWantedJob(effects: Effects, jobId: string | undefined): Promise<JobRecord> {
  if (jobId !== undefined) checkJobId(jobId);
  const { jobs } = await effects.openClient();
  return jobId === undefined ? newest(await jobs.list(1)) : jobs.get(jobId);
}

/** The same message for a lake behind a server as for one in a folder. */
function checkJobId(jobId: string): void {
  if (v.is(JobIdSchema, jobId)) return;
  const what = v.is(UploadIdSchema, jobId) ? `${jobId} is an upload, not a job` : `no job ${jobId}`;
  throw new AppError("not_found", `${what}; see \`datalake process list\``);
}

function newest(jobs: JobRecord[]): JobRecord {
  const [job] = jobs;
  if (job === undefined)
    throw new AppError("not_found", "there is no job yet; start one with `datalake process start --wait`");
  return job;
}
