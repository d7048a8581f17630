import { useEffect, useState } from "preact/hooks";
import type { OperationState } from "../../schema/operation.ts";
import { isAbort, RequestFailure, request } from "./request.ts";

/** A long operation as a component sees it. */
export interface Operated<R> {
  result: R | undefined;
  failure: RequestFailure | undefined;
  progress: { rows_done: number; rows_total: number } | undefined;
}

const POLL_MS = 400;
const MAX_KEPT = 20;
/** Results of this visit: going back and forth runs nothing again. */
const kept = new Map<string, unknown>();

/**
 * Runs an operation by its name and waits for its result; anew when the request or `generation` changes. Undefined in
 * place of a request runs nothing. One that nobody waits for any more is stopped.
 */
export function useOperation<R>(
  name: string,
  body: object | undefined,
  generation: number | string,
): Operated<R> {
  const key = body === undefined ? undefined : `${name} ${generation} ${JSON.stringify(body)}`;
  const [state, setState] = useState<Operated<R> & { key: string | undefined }>(nothing(undefined));
  useEffect(() => {
    if (key === undefined) return;
    const known = kept.get(key) as R | undefined;
    if (known !== undefined)
      return setState({ ...nothing(key), result: known } as Operated<R> & { key: string });
    const controller = new AbortController();
    let id: string | undefined;
    const run = async () => {
      const { signal } = controller;
      const url = `/operations/${name}`;
      // Is never cut off: one without its id could not be stopped.
      let now = await request<OperationState>(url, { method: "POST", body });
      id = now.id;
      signal.throwIfAborted();
      while (now.status === "queued" || now.status === "running") {
        setState({ ...nothing<R>(key), progress: (now.progress ?? undefined) as Operated<R>["progress"] });
        await new Promise((resolve) => setTimeout(resolve, POLL_MS));
        signal.throwIfAborted();
        now = await request<OperationState>(`${url}/${id}`, { signal });
      }
      if (now.status !== "completed") {
        throw new RequestFailure(0, now.error?.code ?? now.status, now.error?.message ?? now.status);
      }
      kept.set(key, now.result);
      const [oldest] = kept.keys();
      if (kept.size > MAX_KEPT && oldest !== undefined) kept.delete(oldest);
      setState({ ...nothing<R>(key), result: now.result as R });
    };
    run().catch((failure) => {
      if (controller.signal.aborted || isAbort(failure)) {
        if (id !== undefined) request(`/operations/${name}/${id}`, { method: "DELETE" }).catch(() => {});
      } else setState({ ...nothing<R>(key), failure });
    });
    return () => controller.abort();
  }, [key]);
  return state.key === key ? state : nothing(key);
}

function nothing<R>(key: string | undefined): Operated<R> & { key: string | undefined } {
  return { key, result: undefined, failure: undefined, progress: undefined };
}
