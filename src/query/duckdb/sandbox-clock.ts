import type { EngineClock } from "./sandbox-run.ts";

/** What a query may go on for once it was interrupted: a function that works on one large value does not look up. */
const GRACE_MS = 500;

export interface SandboxClock extends EngineClock {
  engineMs(): number;
}

/**
 * Counts the time that the engine works. At the limit it interrupts, and calls `onStuck` when that does not help.
 */
export function createClock(timeoutMs: number, onStuck: () => void): SandboxClock {
  let spentMs = 0;
  let expired = false;
  return {
    timed: async (interrupt, work) => {
      const startedMs = performance.now();
      let grace: ReturnType<typeof setTimeout> | undefined;
      const limit = setTimeout(
        () => {
          expired = true;
          interrupt();
          grace = setTimeout(onStuck, GRACE_MS);
        },
        Math.max(0, timeoutMs - spentMs),
      );
      try {
        return await work();
      } finally {
        clearTimeout(limit);
        clearTimeout(grace);
        spentMs += performance.now() - startedMs;
      }
    },
    get expired() {
      return expired;
    },
    engineMs: () => spentMs,
  };
}

/** Memory besides what the setting counts: the runtime, the library, and batches on their way. */
const OVERHEAD_BYTES = 500_000_000;
const LOOK_MS = 20;

/**
 * Calls `onExcess` when this process holds more than `limitBytes` and an allowance: values on their way through a function
 * are not part of what DuckDB's own limit counts. Gives what stops the watch.
 */
export function watchMemory(limitBytes: number, onExcess: () => void): () => void {
  const timer = setInterval(() => {
    if (process.memoryUsage.rss() > limitBytes + OVERHEAD_BYTES) onExcess();
  }, LOOK_MS);
  return () => clearInterval(timer);
}
