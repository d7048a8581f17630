import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Settings } from "../config.ts";
import { AppError, toAppError } from "../errors.ts";
import { runAssetCheck } from "../jobs/asset-check-process.ts";
import type { Lake } from "../lake/lake.ts";
import type { Logger } from "../log.ts";
import {
  type AssetCheckRequest,
  createValidationId,
  emptyCheckProgress,
  type Validation,
} from "../schema/asset-check.ts";
import { createSlots } from "./slots.ts";

export type ReportFormat = "csv" | "json";

/** The checks of assets that one server runs, one after the other, by turns of those who asked; it forgets them when it ends. */
export interface AssetCheckRuns {
  /** Throws `busy` when too many of the caller's wait, `shutting_down`. */
  start(request: AssetCheckRequest, caller: string): Validation;
  /** Throws `not_found`. */
  get(id: string): Validation;
  /** The whole report of a completed check. Throws `not_found`, `conflict` while there is none. */
  report(id: string, format: ReportFormat): string;
  /** Stops one that runs or waits, and gives it when it has ended. Throws `not_found`, `conflict` when it has ended before. */
  cancel(id: string): Promise<Validation>;
  /** How many run and how many wait at the moment. */
  load(): { running: number; waiting: number };
  stop(): Promise<void>;
}

export interface AssetCheckRunsOptions {
  lake: Lake;
  settings: Settings;
  selfCommand: string[];
  logger: Logger;
  /** Folder of the reports; nobody else's. */
  folder: string;
}

const MAX_KEPT = 20;
const MAX_RUNNING = 1;
/** Of one caller. */
const MAX_WAITING = 10;

interface Run {
  caller: string;
  validation: Validation;
  stop: AbortController;
  done: Promise<void>;
}

export function createAssetCheckRuns(options: AssetCheckRunsOptions): AssetCheckRuns {
  const { logger, folder } = options;
  const runs = new Map<string, Run>();
  const slots = createSlots({
    count: MAX_RUNNING,
    perCaller: MAX_RUNNING,
    maxWaiting: MAX_WAITING + 1,
    work: "one check of assets at a time",
  });
  let stopping = false;
  let folderMade: Promise<unknown> | undefined;
  /** What a killed predecessor left in it goes. */
  const makeFolder = async () => {
    await rm(folder, { recursive: true, force: true });
    await mkdir(folder, { recursive: true, mode: 0o700 });
  };
  const reportPath = (id: string, format: ReportFormat) => join(folder, `${id}.${format}`);

  const find = (id: string): Run => {
    const run = runs.get(id);
    if (run !== undefined) return run;
    throw new AppError("not_found", `no check ${id}; a server keeps its last ${MAX_KEPT} until it ends`, {
      details: { validation_id: id },
    });
  };
  const inState = (status: Validation["status"]) =>
    [...runs.values()].filter(({ validation }) => validation.status === status).length;
  const execute = async ({ validation, stop, caller }: Run) => {
    const { validation_id: id, request } = validation;
    let free = () => {};
    try {
      free = await slots.take(stop.signal, caller);
      folderMade ??= makeFolder();
      await folderMade;
      if (stop.signal.aborted) throw new AppError("cancelled", "cancelled");
      validation.status = "running";
      logger.info("asset check started", { validation_id: id, ...request });
      validation.summary = await runAssetCheck(request, {
        ...options,
        reports: [reportPath(id, "json"), reportPath(id, "csv")],
        inBackground: true,
        signal: stop.signal,
        onProgress: (progress) => {
          validation.progress = progress;
        },
        onFinding: (finding) => validation.findings.push(finding),
      });
      validation.status = "completed";
    } catch (error) {
      const { code, message } = toAppError(error).toDocument().error;
      validation.status = code === "cancelled" ? "cancelled" : "failed";
      validation.error = { code, message };
    } finally {
      free();
    }
    validation.finished_at = new Date().toISOString();
    logger.info("asset check ended", { validation_id: id, status: validation.status, ...validation.summary });
  };
  const forgetOld = async () => {
    for (const [id, { validation }] of runs) {
      if (runs.size <= MAX_KEPT) return;
      if (validation.finished_at === null) continue;
      runs.delete(id);
      await Promise.all((["json", "csv"] as const).map((kind) => rm(reportPath(id, kind), { force: true })));
    }
  };

  return {
    start: (request, caller) => {
      if (stopping)
        throw new AppError("shutting_down", "the server is stopping and takes no new work; try again");
      const isWaiting = (run: Run) => run.caller === caller && run.validation.status === "queued";
      if ([...runs.values()].filter(isWaiting).length >= MAX_WAITING) {
        throw new AppError("busy", `${MAX_WAITING} checks of assets of yours wait already; ask again later`);
      }
      const validation: Validation = {
        validation_id: createValidationId(),
        status: "queued",
        created_at: new Date().toISOString(),
        finished_at: null,
        request,
        progress: emptyCheckProgress(),
        summary: null,
        findings: [],
      };
      const run: Run = { caller, validation, stop: new AbortController(), done: Promise.resolve() };
      run.done = execute(run).then(forgetOld);
      runs.set(validation.validation_id, run);
      return validation;
    },
    get: (id) => find(id).validation,
    report: (id, format) => {
      const { validation } = find(id);
      if (validation.status === "completed") return reportPath(id, format);
      throw new AppError("conflict", `the check ${id} is ${validation.status} and has no report`);
    },
    cancel: async (id) => {
      const run = find(id);
      if (run.validation.finished_at !== null) {
        throw new AppError("conflict", `the check ${id} is ${run.validation.status} already`);
      }
      run.stop.abort();
      await run.done;
      return run.validation;
    },
    load: () => ({ running: inState("running"), waiting: inState("queued") }),
    stop: async () => {
      stopping = true;
      for (const { stop } of runs.values()) stop.abort();
      await Promise.all([...runs.values()].map(({ done }) => done));
      await rm(folder, { recursive: true, force: true });
    },
  };
}
