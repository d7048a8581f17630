import type { Settings } from "../../config.ts";
import { AppError, throwIfCancelled } from "../../errors.ts";
import { findHolder } from "../../lake/holder.ts";
import type { Lake } from "../../lake/lake.ts";
import { countUploads } from "../../lake/staged-entries.ts";
import { isTerminal, type JobRecord } from "../../schema/job.ts";
import { abandonedJob } from "../abandoned-job.ts";
import type { JobsClient, JobUpdate, LakeStatus, StartOptions, WatchOptions } from "../lake-client.ts";
import { connectServer, type ServerClient } from "../remote/server.ts";
import { findServerOf } from "./server.ts";
import type { FolderTools } from "./tools.ts";

/** A job of this process on its way. */
interface OwnJob {
  end: Promise<JobRecord>;
  listeners: Set<(job: JobUpdate) => void>;
}

const POLL_MS = 200;

/** The jobs of a lake in a folder: run by the server that holds it, else by this process and a child of it. */
export function jobsOf(tools: FolderTools): JobsClient {
  const { openLake, settings } = tools;
  const running = new Map<string, OwnJob>();
  /** Jobs started at a server, which reports them at once. */
  const served = new Map<string, ServerClient>();
  const records = () => import("../../jobs/records.ts");
  const get = async (jobId: string) => (await records()).readJob(await openLake(), jobId);
  const findServer = async () => {
    const url = await findServerOf(await openLake(), settings.namedServer);
    return url === undefined ? undefined : connectServer(url, settings.token);
  };
  return {
    start: async (options) => {
      const [own] = running.keys();
      if (own !== undefined) return { jobId: own, alreadyRunning: true };
      const server = await findServer();
      if (server !== undefined) {
        const { status, job_id: jobId } = await server.startJob();
        served.set(jobId, server);
        return { jobId, alreadyRunning: status === "already_running", server: server.url };
      }
      const lake = await openLake();
      if (!options.here) {
        throw new AppError(
          "server_unreachable",
          `no server is processing ${lake.root}; start one with \`datalake serve\`, or add --wait to process here`,
        );
      }
      const { jobId, job, begun } = await runHere(lake, tools, options);
      running.set(jobId, job);
      job.end.catch(() => {}).finally(() => running.delete(jobId));
      await Promise.race([begun, job.end]);
      return { jobId, alreadyRunning: false };
    },
    get,
    list: async (limit) => (await records()).listJobs(await openLake(), limit),
    status: async () => readStatus(await openLake(), settings),
    watch: async (jobId, options) => {
      const own = running.get(jobId);
      if (own !== undefined) return followOwn(own, tools.signal, options);
      const server = served.get(jobId);
      if (server !== undefined) return server.watchJob(jobId, options);
      return followRecord(await openLake(), jobId, options);
    },
    cancel: async (jobId) => {
      const server = await findServer();
      if (server !== undefined) return server.cancelJob(jobId);
      const { status } = await get(jobId);
      throw new AppError(
        "conflict",
        `job ${jobId} is ${status} and no process is working on it; nothing to cancel`,
      );
    },
  };
}

async function readStatus(lake: Lake, { processing }: Settings): Promise<LakeStatus> {
  const { findUnfinishedJob } = await import("../../jobs/records.ts");
  const job = (await findUnfinishedJob(lake)) ?? null;
  const busy = job?.progress.workers_busy;
  return {
    job,
    uploads: await countUploads(lake),
    workers: busy === undefined ? undefined : { busy, total: Math.max(busy, processing.num_proc) },
    isHeld: (await findHolder(lake)) !== undefined,
  };
}

/** Begins a job in this process, or continues with one that was left. */
async function runHere(lake: Lake, tools: FolderTools, { numProc, batchSize }: StartOptions) {
  const [{ acquireLease }, { runJob }, { createJobRecord, findUnfinishedJob }] = await Promise.all([
    import("../../lake/lease.ts"),
    import("../../jobs/run-job.ts"),
    import("../../jobs/records.ts"),
  ]);
  const { settings, selfCommand, logger, signal, audit } = tools;
  const { processing } = settings;
  const lease = await acquireLease(lake.layout.processLease, { purpose: "datalake process start" });
  const begun = Promise.withResolvers<void>();
  const listeners: OwnJob["listeners"] = new Set();
  try {
    const record = (await findUnfinishedJob(lake)) ?? createJobRecord();
    const run = async () => {
      const job = await runJob({
        lake,
        settings: {
          ...settings,
          processing: {
            ...processing,
            num_proc: numProc ?? processing.num_proc,
            batch_size: batchSize ?? processing.batch_size,
          },
        },
        selfCommand,
        logger,
        signal: AbortSignal.any([signal, lease.lost]),
        record,
        onChange: (job) => {
          begun.resolve();
          for (const tell of listeners) tell(job);
        },
        confirm: lease.confirm,
      }).finally(() => lease.release());
      await audit("process start", `${job.job_id} (${job.status})`);
      return job;
    };
    return { jobId: record.job_id, job: { end: run(), listeners }, begun: begun.promise };
  } catch (error) {
    await lease.release();
    throw error;
  }
}

/** Follows a job of this process. What ends this process's jobs ends this one, and it says so itself. */
async function followOwn(
  { end, listeners }: OwnJob,
  ends: AbortSignal,
  { signal, onUpdate }: WatchOptions,
): Promise<JobRecord> {
  const given = Promise.withResolvers<never>();
  const onAbort = () => {
    if (!ends.aborted) given.reject(new AppError("cancelled", "cancelled"));
  };
  if (onUpdate !== undefined) listeners.add(onUpdate);
  signal?.addEventListener("abort", onAbort);
  try {
    if (signal?.aborted) onAbort();
    return await Promise.race([end, given.promise]);
  } finally {
    signal?.removeEventListener("abort", onAbort);
    if (onUpdate !== undefined) listeners.delete(onUpdate);
  }
}

/** Follows the job of another process by its record in the lake. */
async function followRecord(
  lake: Lake,
  jobId: string,
  { signal, onUpdate }: WatchOptions,
): Promise<JobRecord> {
  const { readJob } = await import("../../jobs/records.ts");
  for (;;) {
    throwIfCancelled(signal);
    const job = await readJob(lake, jobId);
    if (isTerminal(job)) return job;
    onUpdate?.(job);
    if ((await findHolder(lake)) === undefined) {
      const now = await readJob(lake, jobId); // it may have ended between the two checks
      if (isTerminal(now)) return now;
      throw abandonedJob(now);
    }
    await Bun.sleep(POLL_MS);
  }
}
