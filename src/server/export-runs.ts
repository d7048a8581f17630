import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Settings } from "../config.ts";
import { AppError, toAppError } from "../errors.ts";
import { runExport } from "../jobs/export-process.ts";
import type { Lake } from "../lake/lake.ts";
import type { Logger } from "../log.ts";
import { createExportId, type ExportFile, type ExportState, type RemoteExport } from "../schema/export.ts";
import type { Caller } from "./access.ts";
import { allButOne, createSlots } from "./slots.ts";

/** The exports that a server makes and keeps until nobody has read of them for a day, or it ends. */
export interface ExportRuns {
  /** Throws `busy` when too many of the asker's wait, `shutting_down`. */
  start(request: RemoteExport, asker: Asker): ExportState;
  /** Throws `not_found`, for those of others too. */
  get(id: string, asker: Asker): ExportState;
  /** A file of a completed export. Throws `not_found`, `conflict` while it is made. */
  file(id: string, name: string, asker: Asker): ExportFile & { path: string };
  /** Stops it and removes its files. Throws `not_found`. */
  remove(id: string, asker: Asker): Promise<void>;
  stop(): Promise<void>;
}

/** Who asks. An export is of whoever began it; administrators see those of all. */
export interface Asker extends Caller {
  /** With whom places are shared: a token, or an address. */
  identity: string;
}

export interface ExportRunsOptions {
  lake: Lake;
  settings: Settings;
  selfCommand: string[];
  logger: Logger;
  /** Nobody else's; what a predecessor left in it goes at once. */
  folder: string;
  /** How long one is kept behind its last reader; a day without. */
  keepMs?: number;
}

const KEEP_MS = 24 * 3_600_000;
const MAX_RUNNING = 3;
/** Of one asker. */
const MAX_WAITING = 20;

interface Run {
  owner: Asker;
  state: ExportState;
  stop: AbortController;
  done: Promise<void>;
  timer: ReturnType<typeof setTimeout> | undefined;
}

export function createExportRuns(options: ExportRunsOptions): ExportRuns {
  const { logger, folder, keepMs = KEEP_MS } = options;
  const runs = new Map<string, Run>();
  const emptied = rm(folder, { recursive: true, force: true });
  emptied.catch(() => {}); // whoever needs the folder is told
  const slots = createSlots({
    count: MAX_RUNNING,
    perCaller: allButOne(MAX_RUNNING),
    maxWaiting: MAX_WAITING,
    work: `${MAX_RUNNING} exports at a time`,
  });
  let stopping = false;

  const find = (id: string, { name, role }: Caller): Run => {
    const run = runs.get(id);
    const isOwn = role === "admin" || (name !== undefined && name === run?.owner.name);
    if (run !== undefined && isOwn) return run;
    throw new AppError("not_found", `no export ${id}; they are kept for a day, and until the server ends`, {
      details: { export_id: id },
    });
  };
  const placeOf = (id: string) => join(folder, id);
  const remove = async (run: Run) => {
    const { export_id: id } = run.state;
    clearTimeout(run.timer);
    run.stop.abort();
    await run.done;
    runs.delete(id);
    await rm(placeOf(id), { recursive: true, force: true });
  };
  const keep = (run: Run) => {
    clearTimeout(run.timer);
    run.timer = setTimeout(() => {
      const { export_id: id } = run.state;
      remove(run).catch((error) => logger.warn("an old export stays", { export_id: id, error }));
    }, keepMs);
    run.timer.unref();
  };
  const execute = async ({ state, stop, owner }: Run, request: RemoteExport) => {
    const { export_id: id } = state;
    let free = () => {};
    try {
      free = await slots.take(stop.signal, owner.identity);
      await emptied;
      if (stop.signal.aborted) throw new AppError("cancelled", "cancelled");
      state.status = "running";
      logger.info("export started", { export_id: id, ...request });
      await mkdir(placeOf(id), { recursive: true, mode: 0o700 });
      const { result, files } = await runExport(request, {
        ...options,
        output: join(placeOf(id), "output"),
        signal: stop.signal,
        onProgress: (rowsDone, rowsTotal) => {
          state.progress = { rows_done: rowsDone, rows_total: rowsTotal };
        },
      });
      const rowsTotal = result.rows + result.missing;
      state.progress = { rows_done: rowsTotal, rows_total: rowsTotal };
      state.result = result;
      state.files = files;
      state.status = "completed";
    } catch (error) {
      state.error = toAppError(error).toDocument().error;
      state.status = state.error.code === "cancelled" ? "cancelled" : "failed";
      await rm(placeOf(id), { recursive: true, force: true }).catch(() => {});
    } finally {
      free();
    }
    state.finished_at = new Date().toISOString();
    logger.info("export ended", { export_id: id, status: state.status, ...state.result });
  };

  return {
    start: (request, asker) => {
      if (stopping)
        throw new AppError("shutting_down", "the server is stopping and takes no new work; try again");
      const isWaiting = ({ owner, state }: Run) =>
        owner.identity === asker.identity && state.status === "queued";
      if ([...runs.values()].filter(isWaiting).length >= MAX_WAITING) {
        throw new AppError("busy", `${MAX_WAITING} exports of yours wait already; ask again later`);
      }
      const state: ExportState = {
        export_id: createExportId(),
        status: "queued",
        created_at: new Date().toISOString(),
        finished_at: null,
        progress: { rows_done: 0, rows_total: 0 },
        result: null,
        files: [],
      };
      const stop = new AbortController();
      const run: Run = { owner: asker, state, stop, done: Promise.resolve(), timer: undefined };
      runs.set(state.export_id, run);
      run.done = execute(run, request);
      keep(run);
      return state;
    },
    get: (id, asker) => {
      const run = find(id, asker);
      keep(run);
      return run.state;
    },
    file: (id, name, asker) => {
      const run = find(id, asker);
      if (run.state.status !== "completed") {
        throw new AppError("conflict", `the export ${id} is ${run.state.status} and has no files`);
      }
      keep(run);
      const file = run.state.files.find((one) => one.name === name);
      if (file !== undefined) return { ...file, path: join(placeOf(id), "output", file.name) };
      throw new AppError("not_found", `the export ${id} has no file ${JSON.stringify(name)}`);
    },
    remove: (id, asker) => remove(find(id, asker)),
    stop: async () => {
      stopping = true;
      await Promise.all([...runs.values()].map((run) => remove(run).catch(() => {})));
      await rm(folder, { recursive: true, force: true });
    },
  };
}
