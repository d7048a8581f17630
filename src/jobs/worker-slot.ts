import * as v from "valibot";
import { AppError, ERROR_CODES, type ErrorCode } from "../errors.ts";
import { checkValue } from "../schema/check.ts";
import { type PreparedContent, PreparedContentSchema, type PrepareRequest } from "../schema/work.ts";
import type { GatePlace } from "./worker-handlers.ts";

/** The worker thread exited during a message. */
export class WorkerExit extends Error {
  constructor(readonly exitCode: number) {
    super(`a worker ended with code ${exitCode}`);
    this.name = "WorkerExit";
  }
}

const AnswerSchema = v.variant("ok", [
  v.object({ id: v.number(), ok: v.literal(true), value: v.array(PreparedContentSchema) }),
  v.object({
    id: v.number(),
    ok: v.literal(false),
    error: v.looseObject({ code: v.optional(v.string()), message: v.string() }),
  }),
]);

/** A worker thread, started lazily and restarted after an exit; one message at a time. */
export interface WorkerSlot {
  ask(message: PrepareRequest): Promise<PreparedContent[]>;
  /** Has the message in work end with `cancelled` after the content in work: a thread in native code is not killed. */
  stop(): void;
  close(): void;
}

/** `place` is sent with every message. */
export function createWorkerSlot(url: URL, place: GatePlace): WorkerSlot {
  let worker: Worker | undefined;
  let waiting: PromiseWithResolvers<PreparedContent[]> | undefined;
  let lastId = 0;
  let closed = false;

  const settle = (act: (waiter: PromiseWithResolvers<PreparedContent[]>) => void) => {
    const waiter = waiting;
    waiting = undefined;
    if (waiter !== undefined) act(waiter);
  };
  const start = () => {
    const started = new Worker(url);
    started.addEventListener("message", (event: MessageEvent) => {
      if (started !== worker) return;
      const answer = checkValue(AnswerSchema, event.data);
      if (!answer.success) {
        settle((waiter) =>
          waiter.reject(new AppError("internal", `a worker's answer: ${answer.issues[0].message}`)),
        );
      } else if (answer.output.id === lastId) {
        const { output } = answer;
        settle((waiter) =>
          output.ok ? waiter.resolve(output.value) : waiter.reject(asAppError(output.error)),
        );
      }
    });
    const ended = (exitCode: number) => {
      if (started !== worker) return;
      worker = undefined;
      settle((waiter) => waiter.reject(new WorkerExit(exitCode)));
    };
    started.addEventListener("error", (event) => {
      event.preventDefault?.();
      started.terminate();
      ended(1);
    });
    started.addEventListener("close", (event) => ended((event as CloseEvent).code ?? 0));
    return started;
  };

  return {
    ask: async (message) => {
      if (closed) throw stopped();
      worker ??= start();
      waiting = Promise.withResolvers();
      worker.postMessage({ id: ++lastId, message, place });
      return waiting.promise;
    },
    stop: () => worker?.postMessage("stop"),
    close: () => {
      closed = true;
      const closing = worker;
      worker = undefined;
      closing?.terminate();
      settle((waiter) => waiter.reject(stopped()));
    },
  };
}

function asAppError(error: { code?: string | undefined; message: string }): AppError {
  const known = error.code !== undefined && error.code in ERROR_CODES;
  return new AppError(known ? (error.code as ErrorCode) : "internal", error.message, {
    details: { ...error },
  });
}

function stopped(): AppError {
  return new AppError("cancelled", "the workers were stopped");
}
