import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Settings } from "../../config.ts";
import { AppError, toAppError } from "../../errors.ts";
import { removeTree } from "../../lake/files.ts";
import type { Lake } from "../../lake/lake.ts";
import type { Logger } from "../../log.ts";
import {
  type AnyOperation,
  type LocalOf,
  type ProgressOf,
  type RequestOf,
  type ResultOf,
  routesOf,
} from "../../operations/operation.ts";
import { runInChild } from "../../operations/run-in-child.ts";
import type { OperationState, ResultFile } from "../../schema/operation.ts";
import type { Caller } from "../auth/access.ts";
import { allButOne, createSlots } from "./slots.ts";

/**
 * The runs of one operation on a server: they wait for their turn, can be followed and stopped, and are kept for a
 * time.
 */
export interface OperationRuns<O extends AnyOperation = AnyOperation> {
  readonly operation: O;
  /** Throws `busy` when too many of the asker's wait, `shutting_down`. */
  start(request: RequestOf<O>, asker: Asker): OperationState;
  /** Throws `not_found`, for those that the asker may not see too. */
  get(id: string, asker: Asker): OperationState;
  /** The oldest one that has not ended and that the asker may see. */
  current(asker: Asker): OperationState | undefined;
  /** A file of a completed one. Throws `not_found`, `conflict` while there is none. */
  file(id: string, name: string, asker: Asker): ResultFile & { path: string };
  /** Stops one and returns its state when it has ended. Throws `not_found`, `conflict` when it had ended before. */
  stop(id: string, asker: Asker): Promise<OperationState>;
  /** Stops one, if it has not ended, and removes all of it. Throws `not_found`. */
  forget(id: string, asker: Asker): Promise<void>;
  /** Runs one for a waiting client: the result is not kept. Throws what the operation does, `busy`. */
  run(request: RequestOf<O>, asker: Pick<Asker, "identity">, watch: RunWatch<O>): Promise<ResultOf<O>>;
  load(): { running: number; waiting: number };
  /** Stops all and removes their files. */
  close(): Promise<void>;
}

/** Who asks. */
export interface Asker extends Caller {
  /** With whom places are shared: a token, or an address. */
  identity: string;
}

export interface RunWatch<O extends AnyOperation> {
  signal: AbortSignal;
  local?: LocalOf<O>;
  onProgress?(progress: ProgressOf<O>): void;
}

export interface OperationRunsOptions {
  lake: Lake;
  settings: Settings;
  selfCommand: string[];
  logger: Logger;
  /** For output, used by this server only; leftovers are removed at the start. */
  folder: string;
}

interface Run {
  owner: Asker;
  state: OperationState;
  stop: AbortController;
  done: Promise<void>;
  timer?: ReturnType<typeof setTimeout>;
}

export function createOperationRuns<O extends AnyOperation>(
  operation: O,
  options: OperationRunsOptions,
): OperationRuns<O> {
  const { logger, folder } = options;
  const { name, noun, queue, served } = operation as AnyOperation;
  const kept = served.by === "id" ? served.kept : { newest: 0 };
  const routes = routesOf(operation);
  const [one, several] = noun;
  const runs = new Map<string, Run>();
  const emptied = removeTree(folder);
  emptied.catch(() => {}); // whoever needs the folder is told
  const slots = createSlots({
    count: queue.running,
    perCaller: allButOne(queue.running),
    // Those that are kept are counted before they come here.
    maxWaiting: queue.waiting + (served.by === "id" ? 1 : 0),
    ...(queue.waitMs !== undefined && { waitMs: queue.waitMs }),
    work: `${queue.running} ${queue.running === 1 ? one : several} at a time`,
  });
  const closing = new AbortController();
  const awaited = new Set<Promise<unknown>>();
  const placeOf = (id: string) => join(folder, id);
  const outputOf = (id: string) => join(placeOf(id), "output");

  const maySee = ({ owner }: Run, { name: asker, role }: Caller): boolean =>
    (served.by === "id" && served.visibleTo === "everybody") ||
    role === "admin" ||
    (asker !== undefined && asker === owner.name);
  const find = (id: string, asker: Caller): Run => {
    const run = runs.get(id);
    if (run && maySee(run, asker)) return run;
    const keeps = "newest" in kept ? `the last ${kept.newest} are kept` : "they are kept for a day";
    throw new AppError("not_found", `no ${one} ${id}; ${keeps}, and until the server ends`, {
      details: { [routes?.idName ?? "id"]: id },
    });
  };
  const forget = async (run: Run) => {
    clearTimeout(run.timer);
    run.stop.abort();
    await run.done;
    runs.delete(run.state.id);
    await removeTree(placeOf(run.state.id));
  };
  const forgetLater = (run: Run) => {
    const { id } = run.state;
    forget(run).catch((error) => logger.warn(`an old ${one} could not be removed completely`, { id, error }));
  };
  /** Begins the time again for which a run is kept. */
  const keep = (run: Run) => {
    if ("newest" in kept) return;
    clearTimeout(run.timer);
    run.timer = setTimeout(() => forgetLater(run), kept.forMs);
    run.timer.unref();
  };
  const forgetOld = () => {
    if (!("newest" in kept)) return;
    const ended = [...runs.values()].filter(({ state }) => state.finished_at !== null);
    for (const run of ended.slice(0, Math.max(0, runs.size - kept.newest))) forgetLater(run);
  };
  const perform = async (
    request: RequestOf<O>,
    identity: string,
    { signal, local, onProgress }: RunWatch<O>,
    onStart: () => Promise<void> | void,
  ) => {
    const free = await slots.take(signal, identity);
    try {
      await onStart();
      return await runInChild(operation, request, {
        ...options,
        local,
        inBackground: operation.background,
        signal,
        onProgress,
      });
    } finally {
      free();
    }
  };
  const execute = async ({ state, stop, owner }: Run, request: RequestOf<O>) => {
    const { id } = state;
    const label = { operation: name, id };
    try {
      const local = operation.inFolder?.(outputOf(id));
      const onProgress = (progress: ProgressOf<O>) => {
        const { merge } = operation as AnyOperation;
        state.progress = merge ? merge(state.progress, progress) : progress;
      };
      const watch = { signal: stop.signal, ...(local !== undefined && { local }), onProgress };
      const { result, files } = await perform(request, owner.identity, watch, async () => {
        await emptied;
        if (local !== undefined) await mkdir(placeOf(id), { recursive: true, mode: 0o700 });
        if (stop.signal.aborted) throw new AppError("cancelled", "cancelled");
        state.status = "running";
        logger.info(`${name} started`, { ...label, ...(request as object) });
      });
      Object.assign(state, { result, files, status: "completed" });
    } catch (error) {
      state.error = toAppError(error).toDocument().error;
      state.status = state.error.code === "cancelled" ? "cancelled" : "failed";
      await removeTree(placeOf(id)).catch(() => {});
    }
    state.finished_at = new Date().toISOString();
    logger.info(`${name} ended`, { ...label, status: state.status });
  };
  const refuseNew = () => {
    if (!closing.signal.aborted) return;
    throw new AppError("shutting_down", "the server is stopping and accepts no new work; try again later");
  };

  return {
    operation,
    start: (request, asker) => {
      refuseNew();
      const isWaiting = ({ owner, state }: Run) =>
        owner.identity === asker.identity && state.status === "queued";
      if ([...runs.values()].filter(isWaiting).length >= queue.waiting) {
        throw new AppError(
          "busy",
          `${queue.waiting} ${several} of yours are waiting already; try again later`,
        );
      }
      const state: OperationState = {
        operation: name,
        id: `${routes?.idPrefix}${Bun.randomUUIDv7().replaceAll("-", "")}`,
        status: "queued",
        created_at: new Date().toISOString(),
        finished_at: null,
        request,
        progress: null,
        result: null,
        files: [],
      };
      const run: Run = { owner: asker, state, stop: new AbortController(), done: Promise.resolve() };
      runs.set(state.id, run);
      run.done = execute(run, request).then(forgetOld);
      keep(run);
      return state;
    },
    get: (id, asker) => {
      const run = find(id, asker);
      keep(run);
      return run.state;
    },
    current: (asker) =>
      [...runs.values()].find((run) => run.state.finished_at === null && maySee(run, asker))?.state,
    file: (id, file, asker) => {
      const run = find(id, asker);
      const { status, files } = run.state;
      if (status !== "completed")
        throw new AppError("conflict", `the ${one} ${id} is ${status} and has no files`);
      keep(run);
      const found = files.find((each) => each.name === file);
      if (found !== undefined) return { ...found, path: join(outputOf(id), found.name) };
      throw new AppError("not_found", `the ${one} ${id} has no file ${JSON.stringify(file)}`);
    },
    stop: async (id, asker) => {
      const run = find(id, asker);
      const { status, finished_at } = run.state;
      if (finished_at !== null) throw new AppError("conflict", `the ${one} ${id} is ${status} already`);
      run.stop.abort();
      await run.done;
      return run.state;
    },
    forget: (id, asker) => forget(find(id, asker)),
    run: async (request, { identity }, watch) => {
      refuseNew();
      const signal = AbortSignal.any([watch.signal, closing.signal]);
      const performed = perform(request, identity, { ...watch, signal }, () => {});
      awaited.add(performed);
      try {
        return (await performed).result;
      } catch (error) {
        if (!watch.signal.aborted) refuseNew();
        throw error;
      } finally {
        awaited.delete(performed);
      }
    },
    load: slots.load,
    close: async () => {
      closing.abort();
      await Promise.allSettled([...awaited, ...[...runs.values()].map(forget)]);
      await removeTree(folder);
    },
  };
}
