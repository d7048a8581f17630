import { useEffect, useState } from "preact/hooks";
import { isAbort, type RequestFailure, request } from "./request.ts";

/** A document of the server as a component sees it: the last one is kept while a newer one is on its way. */
export interface Loaded<T> {
  value: T | undefined;
  failure: RequestFailure | undefined;
  isLoading: boolean;
}

/**
 * Loads a document, anew when its URL or `version` changes. Undefined in place of a URL loads nothing. The value of
 * another URL is not shown unless `keep` says so.
 */
export function useDocument<T>(
  url: string | undefined,
  { version = 0, keep = false }: { version?: number; keep?: boolean } = {},
): Loaded<T> {
  const [state, setState] = useState<Loaded<T> & { url: string | undefined }>({
    url,
    value: undefined,
    failure: undefined,
    isLoading: url !== undefined,
  });
  useEffect(() => {
    if (url === undefined) return;
    const controller = new AbortController();
    setState((before) => ({
      url,
      value: keep || before.url === url ? before.value : undefined,
      failure: undefined,
      isLoading: true,
    }));
    request<T>(url, { signal: controller.signal })
      .then((value) => setState({ url, value, failure: undefined, isLoading: false }))
      .catch((failure) => {
        if (isAbort(failure)) return;
        setState((before) => ({ ...before, url, failure, isLoading: false }));
      });
    return () => controller.abort();
  }, [url, version]);
  if (state.url === url) return state;
  return { value: keep ? state.value : undefined, failure: undefined, isLoading: url !== undefined };
}
