import { AppError, throwIfCancelled } from "../errors.ts";

/** Lets so much work of one kind run at a time; the rest waits in the order it came. */
export interface Slots {
  /**
   * Waits for a place and gives what frees it (which may be called several times). Throws `busy` when none came free in
   * time, `cancelled` when the signal fired.
   */
  take(signal: AbortSignal): Promise<() => void>;
  /** How much runs and how much waits at the moment. */
  load(): { running: number; waiting: number };
}

/** `work` names what all places are taken by, for messages. */
export function createSlots(count: number, { waitMs, work }: { waitMs: number; work: string }): Slots {
  let free = count;
  const waiting: (() => void)[] = [];
  const release = () => {
    const next = waiting.shift();
    if (next) next();
    else free++;
  };
  const once = () => {
    let held = true;
    return () => {
      if (held) release();
      held = false;
    };
  };
  return {
    load: () => ({ running: count - free, waiting: waiting.length }),
    take: async (signal) => {
      throwIfCancelled(signal);
      if (free > 0) {
        free--;
        return once();
      }
      await new Promise<void>((resolve, reject) => {
        const settle = (end: () => void) => {
          clearTimeout(timer);
          signal.removeEventListener("abort", leave);
          end();
        };
        const enter = () => settle(resolve);
        const giveUp = (error: AppError) => {
          waiting.splice(waiting.indexOf(enter), 1);
          settle(() => reject(error));
        };
        const leave = () => giveUp(new AppError("cancelled", "cancelled"));
        const timer = setTimeout(
          () =>
            giveUp(
              new AppError(
                "busy",
                `the server is at work on ${work} and none ended in time; ask again later`,
              ),
            ),
          waitMs,
        );
        signal.addEventListener("abort", leave, { once: true });
        waiting.push(enter);
      });
      return once();
    },
  };
}
