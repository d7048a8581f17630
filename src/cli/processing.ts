import { findServerOf } from "../client/local-server.ts";
import { connectServer, type JobUpdate, type ServerClient } from "../client/server.ts";
import type { Settings } from "../config.ts";
import { AppError } from "../errors.ts";
import type { Lake } from "../lake/lake.ts";
import type { JobRecord } from "../schema/job.ts";
import type { Effects } from "./command.ts";
import { jobExit } from "./job-text.ts";
import { remoteUrl } from "./remote.ts";

export interface ProcessingOptions {
  /** Wait for the job's end; without a server, process in this very command. */
  wait: boolean;
  numProc?: number | undefined;
  batchSize?: number | undefined;
}

export interface ProcessingResult {
  jobId: string;
  /** Whether the job ran before it was asked for. */
  alreadyRunning: boolean;
  /** The final record; undefined when nobody waited. */
  job: JobRecord | undefined;
  exit: number;
}

/**
 * Processes the pending uploads: through the server that the lake is behind or that holds it, else, with `wait`,
 * in this command and its child. Throws `server_unreachable` without a server and without `wait`, `locked` when
 * another command is processing.
 */
export async function startProcessing(
  effects: Effects,
  options: ProcessingOptions,
): Promise<ProcessingResult> {
  const server = await findServer(effects);
  if (server !== undefined) return processThere(server, effects, options);
  const lake = await effects.openLake();
  if (!options.wait) {
    throw new AppError(
      "server_unreachable",
      `no server works on ${lake.root}; start one with \`datalake serve\`, or add --wait to process here`,
    );
  }
  const job = await processHere(lake, effects, options);
  await effects.audit(`${job.job_id} (${job.status})`);
  return { jobId: job.job_id, alreadyRunning: false, job, exit: jobExit(job) };
}

/**
 * The server to ask: the one behind which the lake is, else the one that holds its folder and proves it; undefined without. Throws
 * `locked` when a `process start` command holds the lake, or a server that has to be named.
 */
export async function findServer(effects: Effects): Promise<ServerClient | undefined> {
  const { settings } = effects;
  const named = remoteUrl(effects);
  if (named !== undefined) return connectServer(named, settings.token);
  const url = await findServerOf(await effects.openLake(), settings.namedServer);
  return url === undefined ? undefined : connectServer(url, settings.token);
}

async function processThere(
  server: ServerClient,
  effects: Effects,
  options: ProcessingOptions,
): Promise<ProcessingResult> {
  if (options.numProc !== undefined || options.batchSize !== undefined) {
    effects.terminal.warn(
      `--num-proc and --batch-size are settings of the server at ${server.url}; not used here`,
    );
  }
  const { status, job_id: jobId } = await server.startJob();
  const alreadyRunning = status === "already_running";
  if (!options.wait) return { jobId, alreadyRunning, job: undefined, exit: 0 };
  const job = await followThere(server, jobId, effects);
  return { jobId, alreadyRunning, job, exit: jobExit(job) };
}

/** Shows a job of a server until it ends; Ctrl-C stops the showing, not the job. */
export async function followThere(server: ServerClient, jobId: string, effects: Effects): Promise<JobRecord> {
  const show = progressShower(effects);
  try {
    return await server.watchJob(jobId, { signal: effects.signal, onUpdate: show.update });
  } finally {
    show.finish();
  }
}

async function processHere(lake: Lake, effects: Effects, options: ProcessingOptions): Promise<JobRecord> {
  const [{ acquireLease }, { runJob }, { findUnfinishedJob }] = await Promise.all([
    import("../lake/lease.ts"),
    import("../jobs/run-job.ts"),
    import("../jobs/records.ts"),
  ]);
  const lease = await acquireLease(lake.layout.processLease, { purpose: "datalake process start" });
  const show = progressShower(effects);
  try {
    const record = await findUnfinishedJob(lake);
    return await runJob({
      lake,
      settings: withFlags(effects.settings, options),
      selfCommand: effects.selfCommand,
      logger: effects.logger,
      signal: AbortSignal.any([effects.signal, lease.lost]),
      ...(record === undefined ? {} : { record }),
      onChange: show.update,
      confirm: lease.confirm,
    });
  } finally {
    show.finish();
    await lease.release();
  }
}

export function withFlags(
  settings: Settings,
  flags: { numProc?: number | undefined; batchSize?: number | undefined },
): Settings {
  const { processing } = settings;
  for (const [flag, value] of [
    ["--num-proc", flags.numProc],
    ["--batch-size", flags.batchSize],
  ] as const) {
    if (value === undefined || (Number.isSafeInteger(value) && value > 0)) continue;
    throw new AppError(
      "usage",
      `${flag} ${value} is no number from 1 on; leave it out for what the settings say`,
    );
  }
  return {
    ...settings,
    processing: {
      ...processing,
      num_proc: flags.numProc ?? processing.num_proc,
      batch_size: flags.batchSize ?? processing.batch_size,
    },
  };
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
