import type { Settings } from "../config.ts";
import { AppError } from "../errors.ts";
import type { Lake } from "../lake/lake.ts";
import { listUploads } from "../lake/staged-entries.ts";
import type { Logger } from "../log.ts";
import { isTerminal, type JobRecord } from "../schema/job.ts";
import { createJobRecord, findUnfinishedJob, readJob } from "./records.ts";
import { runJob } from "./run-job.ts";

export interface JobStart {
  status: "started" | "already_running";
  job_id: string;
}

/** Runs the jobs of a lake, one at a time. Its owner holds the process lease. */
export interface Supervisor {
  /**
   * Starts a job, or has the running one look at the queue again; where that has come to its end, the next job follows
   * it. Returns the id of the one that takes what is pending now. Throws `shutting_down`.
   */
  start(): JobStart;
  /** Resumes work of a dead process: its job, or uploads in processing. */
  recover(): Promise<void>;
  running(): JobRecord | undefined;
  /** Whether the working process responds within the time; true if idle. */
  isAlive(timeoutMs: number): Promise<boolean>;
  /** Current state of a job. Throws `not_found`. */
  job(jobId: string): Promise<JobRecord>;
  /** Cancels a running job; its running upload becomes pending. Throws `conflict` if it is not running. */
  cancel(jobId: string): Promise<JobRecord>;
  /** Calls `listener` on each change of the running job and at its end. Returns a function to unsubscribe. */
  subscribe(listener: (record: JobRecord) => void): () => void;
  /** Starts jobs for new uploads, polling every `intervalMs`, since a NAS sends no notifications. */
  watchPending(intervalMs: number): void;
  /** Stops work while the lake is read-only. */
  pause(): void;
  resume(): Promise<void>;
  /** Stops for good and hands back running work. */
  stop(): Promise<void>;
}

export interface SupervisorOptions {
  lake: Lake;
  settings: Settings;
  selfCommand: string[];
  logger: Logger;
  /** Throws `locked` if another process may be working on the lake. */
  confirm?(): Promise<void>;
}

interface Running {
  record: JobRecord;
  controller: AbortController;
  done: Promise<void>;
  /** It will look at the queue again, if asked to. */
  isLooking: boolean;
  isAsked: boolean;
}

export function createSupervisor(options: SupervisorOptions): Supervisor {
  const { lake, logger } = options;
  const listeners = new Set<(record: JobRecord) => void>();
  let current: Running | undefined;
  /** Promised to whoever asked for a start when the running job had looked at the queue for the last time. */
  let next: JobRecord | undefined;
  let isChildAlive = async (_timeoutMs: number) => true;
  let stopping = false;
  let paused = false;
  let watch: ReturnType<typeof setInterval> | undefined;
  /** Uploads that a job released or could not claim; retried only on an explicit request, not by polling. */
  const left = new Set<string>();

  const publish = (record: JobRecord) => {
    for (const listener of listeners) listener(record);
  };
  const launch = (record: JobRecord) => {
    const controller = new AbortController();
    const own: Running = { record, controller, done: Promise.resolve(), isLooking: true, isAsked: false };
    const run = async () => {
      logger.info("job started", { job_id: record.job_id });
      const changed = (now: JobRecord) => {
        if (!isTerminal(now)) publish(now);
      };
      try {
        await runJob({
          ...options,
          record,
          signal: controller.signal,
          inBackground: true,
          onChange: changed,
          onSpawn: (isAlive) => {
            isChildAlive = isAlive;
          },
          looksAgain: () => {
            own.isLooking = own.isAsked;
            own.isAsked = false;
            return own.isLooking;
          },
        });
      } catch (error) {
        logger.error("the job's record could not be written", { job_id: record.job_id, error });
        if (!isTerminal(record)) record.status = "failed";
      }
      for (const { upload_id, left_in } of record.uploads) if (left_in !== undefined) left.add(upload_id);
      if (record.status !== "completed") {
        for (const id of await listUploads(lake, "pending").catch(() => [])) left.add(id);
      }
      logger.info("job ended", { job_id: record.job_id, status: record.status, ...record.progress });
      current = undefined;
      publish(record);
      // One that was asked for another look, and failed or was cancelled before it.
      const promised = next ?? (own.isAsked ? createJobRecord() : undefined);
      next = undefined;
      if (promised !== undefined && !stopping && !paused) launch(promised);
    };
    current = own;
    own.done = run();
  };

  const recover = async () => {
    const unfinished = await findUnfinishedJob(lake);
    const claimed = await listUploads(lake, "processing");
    if (unfinished === undefined && claimed.length === 0) return;
    logger.info("resuming the work of a crashed process", { job_id: unfinished?.job_id, uploads: claimed });
    launch(unfinished ?? createJobRecord());
  };

  return {
    start: () => {
      if (stopping)
        throw new AppError(
          "shutting_down",
          "the server is stopping and accepts no new work; try again later",
        );
      if (paused) throw readOnly();
      left.clear();
      if (current?.isLooking && !current.controller.signal.aborted) {
        current.isAsked = true;
        return { status: "already_running", job_id: current.record.job_id };
      }
      if (current) {
        next ??= createJobRecord();
        return { status: "started", job_id: next.job_id };
      }
      const record = createJobRecord();
      launch(record);
      return { status: "started", job_id: record.job_id };
    },
    recover,
    pause: () => {
      paused = true;
      current?.controller.abort(new AppError("shutting_down", "the lake has become read-only"));
    },
    resume: async () => {
      await current?.done;
      paused = false;
      left.clear();
      if (current === undefined && !stopping) await recover();
    },
    running: () => current?.record,
    isAlive: (timeoutMs) => (current === undefined ? Promise.resolve(true) : isChildAlive(timeoutMs)),
    job: async (jobId) =>
      [current?.record, next].find((record) => record?.job_id === jobId) ?? readJob(lake, jobId),
    cancel: async (jobId) => {
      if (current?.record.job_id !== jobId) {
        const record = await readJob(lake, jobId);
        throw new AppError("conflict", `job ${jobId} is ${record.status} and cannot be cancelled`);
      }
      const { record, controller, done } = current;
      controller.abort(new AppError("cancelled", "cancelled by request"));
      await done;
      return record;
    },
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    watchPending: (intervalMs) => {
      watch = setInterval(async () => {
        if (current || stopping || paused) return;
        const pending = await listUploads(lake, "pending").catch(() => []);
        if (!current && !stopping && !paused && pending.some((id) => !left.has(id)))
          launch(createJobRecord());
      }, intervalMs);
    },
    stop: async () => {
      stopping = true;
      clearInterval(watch);
      current?.controller.abort(new AppError("shutting_down", "the server is stopping"));
      await current?.done;
    },
  };
}

function readOnly(): AppError {
  return new AppError(
    "permission_denied",
    "the lake's file system is read-only; remount it writable, and the server resumes by itself",
  );
}
