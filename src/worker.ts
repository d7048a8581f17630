/** Entry point of a worker thread: a thin dispatcher, for what it does is tested through its handlers. */
import { toAppError } from "./errors.ts";
import type { GatePlace } from "./jobs/worker-handlers.ts";

declare const self: Worker;

/** Aborted once, by the end of the job. */
const stop = new AbortController();

// Set synchronously, before any await: a message that arrives earlier would be lost.
self.onmessage = async (event: MessageEvent<"stop" | { id: number; message: unknown; place: GatePlace }>) => {
  if (event.data === "stop") return stop.abort();
  const { id, message, place } = event.data;
  try {
    const { handleWorkerMessage } = await import("./jobs/worker-handlers.ts");
    self.postMessage({ id, ok: true, value: await handleWorkerMessage(message, place, stop.signal) });
  } catch (thrown) {
    self.postMessage({ id, ok: false, error: toAppError(thrown).toDocument().error });
  }
};
