import { AppError, throwIfCancelled } from "../../errors.ts";

/**
 * Lets so much work of one kind run at a time; the rest waits, and callers take turns, however much each of them
 * wants.
 */
export interface Slots {
  /**
   * Waits for a place and returns the function that frees it (may be called several times). Throws `busy` if none
   * is free in time or the caller has too many waiting, `cancelled` when the signal fires.
   */
  take(signal: AbortSignal, caller: string): Promise<() => void>;
  /** How much runs and how much waits at the moment. */
  load(): { running: number; waiting: number };
}

export interface SlotsOptions {
  /** All places, and those that one caller may hold: fewer, so that no one blocks the server. */
  count: number;
  perCaller: number;
  /** What one caller may have waiting. */
  maxWaiting: number;
  /** Waits without a limit by default. */
  waitMs?: number;
  /** What the places are for, with the setting where there is one: `4 queries at the same time (sql.max_running)`. */
  work: string;
}

interface Caller {
  running: number;
  waiting: (() => void)[];
}

export function createSlots({ count, perCaller, maxWaiting, waitMs, work }: SlotsOptions): Slots {
  let free = count;
  /** Callers with work here; the one served last is at the end. */
  const callers = new Map<string, Caller>();
  const known = (name: string): Caller => {
    const caller = callers.get(name) ?? { running: 0, waiting: [] };
    callers.set(name, caller);
    return caller;
  };
  const forgetIdle = (name: string, { running, waiting }: Caller) => {
    if (running === 0 && waiting.length === 0) callers.delete(name);
  };
  const start = (name: string, caller: Caller) => {
    free--;
    caller.running++;
    callers.delete(name);
    callers.set(name, caller);
  };
  /** Among callers that may have one more: the one that runs the least; among these, the one that waited longest. */
  const startNext = () => {
    const may = [...callers].filter(([, { running, waiting }]) => waiting.length > 0 && running < perCaller);
    const least = Math.min(...may.map(([, { running }]) => running));
    const next = may.find(([, { running }]) => running === least);
    if (next === undefined) return;
    const [name, caller] = next;
    const enter = caller.waiting.shift();
    start(name, caller);
    enter?.();
  };
  const once = (name: string, caller: Caller) => {
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      free++;
      caller.running--;
      startNext();
      forgetIdle(name, caller);
    };
  };
  const wait = (name: string, caller: Caller, signal: AbortSignal) =>
    new Promise<void>((resolve, reject) => {
      const settle = (end: () => void) => {
        clearTimeout(timer);
        signal.removeEventListener("abort", leave);
        end();
      };
      const enter = () => settle(resolve);
      const giveUp = (error: AppError) => {
        caller.waiting.splice(caller.waiting.indexOf(enter), 1);
        forgetIdle(name, caller);
        settle(() => reject(error));
      };
      const leave = () => giveUp(new AppError("cancelled", "cancelled"));
      const late = () => giveUp(busy(`the server does ${work}, and none of them ended in time`));
      const timer = waitMs === undefined ? undefined : setTimeout(late, waitMs);
      signal.addEventListener("abort", leave, { once: true });
      caller.waiting.push(enter);
    });
  return {
    load: () => ({
      running: count - free,
      waiting: callers.values().reduce((sum, { waiting }) => sum + waiting.length, 0),
    }),
    take: async (signal, name) => {
      throwIfCancelled(signal);
      const caller = known(name);
      if (free > 0 && caller.running < perCaller) {
        start(name, caller);
        return once(name, caller);
      }
      if (caller.waiting.length >= maxWaiting) {
        throw busy(`the server does ${work}, and ${maxWaiting} of yours are waiting already`);
      }
      await wait(name, caller, signal);
      return once(name, caller);
    },
  };
}

function busy(why: string): AppError {
  return new AppError("busy", `${why}; try again later`);
}

/** How many of so many places one caller may hold: all but one, which is for the others. */
export function allButOne(count: number): number {
  return Math.max(1, count - 1);
}
