import { signal } from "@preact/signals";

/** What the server said instead of an answer. */
export class RequestFailure extends Error {
  readonly code: string;
  readonly status: number;
  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

/** Counts up when the server no longer knows who is asking: the session has ended. */
export const lostSession = signal(0);

export interface RequestOptions {
  method?: string;
  body?: unknown;
  headers?: Record<string, string>;
  signal?: AbortSignal;
}

/** A document of the server. Throws `RequestFailure`, with the code `unreachable` where there is no answer. */
export async function request<T>(
  url: string,
  { method = "GET", body, headers, signal }: RequestOptions = {},
): Promise<T> {
  const init: RequestInit = {
    method,
    headers: { accept: "application/json", ...headers },
    ...(signal && { signal }),
  };
  if (body !== undefined) {
    init.body = JSON.stringify(body);
    init.headers = { accept: "application/json", "content-type": "application/json" };
  }
  const response = await fetch(url, init).catch((error) => {
    if (signal?.aborted) throw error;
    throw new RequestFailure(0, "unreachable", "");
  });
  const text = await response.text();
  if (response.ok) return (text === "" ? undefined : JSON.parse(text)) as T;
  if (response.status === 401 && !url.startsWith("/session")) lostSession.value++;
  throw failureOf(response.status, text);
}

/** Of the server's error document, or of whatever a proxy says in its place. */
export function failureOf(status: number, text: string): RequestFailure {
  try {
    const { error } = JSON.parse(text) as { error: { code: string; message: string } };
    return new RequestFailure(status, error.code, error.message);
  } catch {
    return new RequestFailure(status, "internal", `HTTP ${status}`);
  }
}

export function isAbort(error: unknown): boolean {
  return error instanceof DOMException && error.name === "AbortError";
}
