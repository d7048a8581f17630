import { AppError } from "../../errors.ts";

export interface OpenRequestLimits {
  /** Of all callers, and of one. */
  maxRequests: number;
  maxRequestsPerCaller: number;
  /** Whether a request's answer has not come to its end and its connection stands. */
  isOpen(request: Request): boolean;
}

/** Requests in progress, and those whose responses are still read: each holds a connection. */
export interface OpenRequests {
  /**
   * Takes a place for a request; gives what says that no more work is done for it, after which the place is free as
   * soon as its answer has ended. Or the error `busy`, when no place is free.
   */
  enter(request: Request, caller: string): (() => void) | AppError;
}

interface Entry {
  request: Request;
  /** Work may go on for one that hung up. */
  inWork: boolean;
}

/** There is no event for the end of a response: ended ones are collected when places run short. */
export function createOpenRequests({
  maxRequests,
  maxRequestsPerCaller,
  isOpen,
}: OpenRequestLimits): OpenRequests {
  const byCaller = new Map<string, Set<Entry>>();
  let total = 0;
  const forgetEnded = (caller: string, entries: Set<Entry>) => {
    for (const entry of entries) {
      if (entry.inWork || isOpen(entry.request)) continue;
      entries.delete(entry);
      total -= 1;
    }
    if (entries.size === 0) byCaller.delete(caller);
  };
  return {
    enter: (request, caller) => {
      if (total >= maxRequests) for (const [key, entries] of byCaller) forgetEnded(key, entries);
      if (total >= maxRequests) return busy("serve.max_requests");
      const known = byCaller.get(caller);
      if (known !== undefined && known.size >= maxRequestsPerCaller) forgetEnded(caller, known);
      const own = byCaller.get(caller) ?? new Set();
      if (own.size >= maxRequestsPerCaller) return busy("serve.max_requests_per_token");
      const entry = { request, inWork: true };
      byCaller.set(caller, own.add(entry));
      total += 1;
      return () => {
        entry.inWork = false;
      };
    },
  };
}

function busy(setting: string): AppError {
  return new AppError("busy", `the server has too many open requests (${setting}); retry in a second`);
}
