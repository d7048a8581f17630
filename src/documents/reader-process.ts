import type { Subprocess } from "bun";
import * as v from "valibot";
import { AppError } from "../errors.ts";
import type { Logger } from "../log.ts";
import { nativeEnvironment } from "../native.ts";
import { parseValue } from "../schema/check.ts";
import { readLines } from "../util/lines.ts";
import { guardProcess } from "./guard.ts";
import type { DocumentLimits } from "./limits.ts";
import { DOCUMENTS_COMMAND, type Order, type Report, ReportSchema, type Task } from "./messages.ts";
import { deadly, killMsOf } from "./reasons.ts";

/** The parent's end of the process that reads documents. */
export interface ReaderProcess {
  /** What came of a task. Throws the error that the process reports, `cancelled` when closed. */
  run<T>(task: Task): Promise<T>;
  close(): Promise<void>;
}

/** Orders that the process has at a time: one whose result is being written, one in work, and the next. */
const AHEAD = 3;
/** Of processes one after the other that ended before they began with anything: that is no fault of a document. */
const MAX_FAILED_STARTS = 3;

interface Entry {
  task: Task;
  resolve(result: unknown): void;
  reject(error: unknown): void;
  /** Begun, and not ended. */
  begun?: boolean;
  /** It may be what a process died of: sent while no other is. */
  alone?: boolean;
}

type Child = Subprocess<"pipe", "pipe", "inherit">;

export function createReaderProcess(
  selfCommand: readonly string[],
  limits: DocumentLimits,
  logger: Logger,
): ReaderProcess {
  const waiting: Entry[] = [];
  /** Sent, by their ids, in the order of sending. */
  const sent = new Map<number, Entry>();
  let child: Child | undefined;
  let begun: number | undefined;
  let guard: { stop(): void } | undefined;
  let why: "time" | "memory" | "crash" = "crash";
  let nextId = 0;
  let failedStarts = 0;
  let closed = false;

  const send = () => {
    while (waiting.length > 0 && sent.size < AHEAD) {
      const isAlone = waiting[0]?.alone === true || [...sent.values()].some(({ alone }) => alone);
      if (isAlone && sent.size > 0) break;
      try {
        child ??= start();
      } catch (error) {
        return refuseAll(waiting.splice(0), error);
      }
      const entry = waiting.shift() as Entry;
      const order: Order = { id: nextId++, limits, task: entry.task };
      sent.set(order.id, entry);
      child.stdin.write(`${JSON.stringify(order)}\n`);
      void Promise.resolve(child.stdin.flush()).catch(() => {}); // it has died: its end is seen below
    }
  };

  const start = (): Child => {
    const started = Bun.spawn([...selfCommand, DOCUMENTS_COMMAND], {
      stdin: "pipe",
      stdout: "pipe",
      stderr: "inherit",
      detached: true, // Ctrl-C at the terminal reaches this process only
      env: nativeEnvironment(),
    });
    started.unref();
    void follow(started);
    return started;
  };

  const follow = async (started: Child) => {
    const kill = (reason: typeof why) => {
      why = reason;
      started.kill("SIGKILL");
    };
    try {
      for await (const line of readLines(started.stdout)) {
        take(parseValue(v.pipe(v.string(), v.parseJson(), ReportSchema), line), { pid: started.pid, kill });
      }
    } catch (error) {
      logger.warn("the process that reads documents said what is not understood", { error });
    }
    started.kill("SIGKILL");
    await started.exited;
    end(started);
  };

  const take = (report: Report, { pid, kill }: { pid: number; kill(reason: "time" | "memory"): void }) => {
    guard?.stop();
    if (report.type === "begun") {
      begun = report.id;
      failedStarts = 0;
      const entry = sent.get(report.id);
      if (entry) entry.begun = true;
    } else {
      const entry = sent.get(report.id);
      sent.delete(report.id);
      if (begun === report.id) begun = undefined;
      if (report.type === "done") entry?.resolve(report.result);
      else {
        const { code, message, details } = report.error;
        entry?.reject(new AppError(code, message, details === undefined ? {} : { details }));
      }
      send();
    }
    const working = begun === undefined ? undefined : sent.get(begun);
    if (working) guard = guardProcess(pid, { ...limits, killMs: killMsOf(working.task, limits) }, kill);
  };

  /** What was begun and has not ended is what it died of: if that is several, each is tried alone. The others are done anew. */
  const end = (ended: Child) => {
    guard?.stop();
    if (child === ended) child = undefined;
    const reason = why;
    begun = undefined;
    why = "crash";
    const left = [...sent.values()];
    sent.clear();
    const suspects = left.filter((entry) => entry.begun);
    if (suspects.length === 0 && left.length > 0 && !closed && ++failedStarts >= MAX_FAILED_STARTS)
      return refuseAll([...left, ...waiting.splice(0)], notStarted(ended));
    for (const entry of left.reverse()) {
      if (closed) entry.reject(new AppError("cancelled", "cancelled"));
      else if (entry.begun && suspects.length === 1) settleDeath(entry, ended, reason);
      else waiting.unshift({ ...entry, begun: false, alone: entry.begun === true });
    }
    if (!closed) send();
  };

  const refuseAll = (entries: readonly Entry[], error: unknown) => {
    failedStarts = 0;
    for (const { reject } of entries) reject(error);
  };

  const settleDeath = (
    { task, resolve, reject }: Entry,
    { signalCode, exitCode }: Child,
    cause: typeof why,
  ) => {
    const reason = deadly(task, limits, cause);
    logger.warn("the process that reads documents died", { reason, signalCode, exitCode, path: task.path });
    if (task.kind === "describe") reject(new AppError("invalid_input", reason));
    else resolve({ ok: false, reason });
  };

  return {
    run: <T>(task: Task) =>
      new Promise<T>((resolve, reject) => {
        if (closed) return reject(new AppError("cancelled", "cancelled"));
        waiting.push({ task, resolve: (result) => resolve(result as T), reject });
        send();
      }),
    close: async () => {
      closed = true;
      for (const { reject } of waiting.splice(0)) reject(new AppError("cancelled", "cancelled"));
      const ending = child;
      ending?.kill("SIGKILL");
      await ending?.exited;
    },
  };
}

function notStarted({ signalCode, exitCode }: Child): AppError {
  return new AppError(
    "worker_crashed",
    `the process that reads documents does not start (${signalCode ?? `exit code ${exitCode}`}); see what it wrote to standard error`,
  );
}
