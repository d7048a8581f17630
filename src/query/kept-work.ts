import { AppError, throwIfCancelled } from "../errors.ts";

/** Results by key: work that several wait for is done once, and what it gave is kept. */
export interface KeptWork<T> {
  /**
   * What is kept, else what `work` gives; its signal fires when nobody waits any more. Throws `cancelled` when the
   * caller's signal fires, after `work` has ended if nobody else waits for it.
   */
  get(key: string, signal: AbortSignal | undefined, work: (signal: AbortSignal) => Promise<T>): Promise<T>;
}

export interface KeptWorkOptions<T> {
  /** What a result takes, and what all kept ones may take; those not asked for longest go first. */
  costOf(result: T): number;
  maxCost: number;
  /** So much work runs at a time; the rest waits. */
  atOnce: number;
}

interface Entry<T> {
  result: Promise<T>;
  cost: number;
  waiting: number;
  controller: AbortController;
  isDone: boolean;
}

export function createKeptWork<T>({ costOf, maxCost, atOnce }: KeptWorkOptions<T>): KeptWork<T> {
  const entries = new Map<string, Entry<T>>();
  let running = 0;
  const queue: (() => void)[] = [];
  const inTurn = async (signal: AbortSignal, work: (signal: AbortSignal) => Promise<T>): Promise<T> => {
    if (running >= atOnce) await new Promise<void>((resolve) => queue.push(resolve));
    else running++;
    try {
      throwIfCancelled(signal);
      return await work(signal);
    } finally {
      const next = queue.shift();
      if (next) next();
      else running--;
    }
  };
  const dropOldest = () => {
    let cost = 0;
    for (const entry of entries.values()) cost += entry.cost;
    for (const [key, entry] of entries) {
      if (cost <= maxCost || entries.size === 1) return;
      if (!entry.isDone) continue;
      entries.delete(key);
      cost -= entry.cost;
    }
  };
  const begin = (key: string, work: (signal: AbortSignal) => Promise<T>): Entry<T> => {
    const controller = new AbortController();
    const entry: Entry<T> = {
      result: inTurn(controller.signal, work),
      ...{ cost: 0, waiting: 0, controller, isDone: false },
    };
    entry.result.then(
      (result) => {
        entry.isDone = true;
        entry.cost = costOf(result);
        dropOldest();
      },
      () => entries.get(key) === entry && entries.delete(key),
    );
    return entry;
  };
  return {
    get: async (key, signal, work) => {
      throwIfCancelled(signal);
      const entry = entries.get(key) ?? begin(key, work);
      entries.delete(key);
      entries.set(key, entry);
      entry.waiting++;
      try {
        return await untilCancelled(entry.result, signal);
      } finally {
        if (--entry.waiting === 0 && !entry.isDone) {
          if (entries.get(key) === entry) entries.delete(key);
          entry.controller.abort();
          await entry.result.catch(() => {});
        }
      }
    },
  };
}

async function untilCancelled<T>(result: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return result;
  const left = Promise.withResolvers<never>();
  const leave = () => left.reject(new AppError("cancelled", "cancelled"));
  signal.addEventListener("abort", leave, { once: true });
  try {
    return await Promise.race([result, left.promise]);
  } finally {
    signal.removeEventListener("abort", leave);
  }
}
