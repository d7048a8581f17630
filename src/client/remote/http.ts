import type * as v from "valibot";
import { AppError, throwIfCancelled } from "../../errors.ts";
import { checkValue } from "../../schema/check.ts";
import { serverError, unreachable } from "./server-error.ts";

export interface SendOptions {
  /** Sent as JSON. */
  body?: unknown;
  /** Sent as it is. */
  raw?: Bun.BodyInit;
  headers?: Record<string, string>;
  signal?: AbortSignal | undefined;
  /** Until the response begins; unlimited by default. */
  timeoutMs?: number;
}

/** Requests to one server. Each throws the server's own error, `server_unreachable` or `cancelled`. */
export interface RemoteHttp {
  readonly url: string;
  send(method: string, path: string, options?: SendOptions): Promise<Response>;
  /** The checked JSON of the answer. */
  call<S extends v.GenericSchema>(
    method: string,
    path: string,
    schema: S,
    options?: SendOptions,
  ): Promise<v.InferOutput<S>>;
}

const TIMEOUT_MS = 30_000;

/** A server that has too much to do says so before it does anything. */
const BUSY_ATTEMPTS = 4;
const BUSY_WAIT_MS = 1000;

export function connectHttp(url: string, token?: string | undefined): RemoteHttp {
  const base = url.replace(/\/+$/, "");
  const sendOnce = async (method: string, path: string, options: SendOptions = {}): Promise<Response> => {
    const { body, raw, headers, signal, timeoutMs } = options;
    throwIfCancelled(signal);
    const stop = new AbortController();
    const timer = timeoutMs === undefined ? undefined : setTimeout(() => stop.abort(), timeoutMs);
    const response = await fetch(`${base}${path}`, {
      method,
      headers: {
        ...(token ? { authorization: `Bearer ${token}` } : {}),
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(raw === undefined ? {} : { body: raw }),
      signal: signal === undefined ? stop.signal : AbortSignal.any([signal, stop.signal]),
      // Without a time limit of the runtime: a query may be silent for minutes.
      timeout: false,
    } as RequestInit)
      .catch((cause: unknown) => {
        throwIfCancelled(signal);
        throw unreachable(base, cause);
      })
      .finally(() => clearTimeout(timer));
    if (!response.ok) throw await serverError(base, response);
    return response;
  };
  const send: RemoteHttp["send"] = async (method, path, options = {}) => {
    const mayRepeat = !(options.raw instanceof ReadableStream);
    for (let attempt = 1; ; attempt++) {
      try {
        return await sendOnce(method, path, options);
      } catch (error) {
        const isBusy = error instanceof AppError && error.code === "busy";
        if (!isBusy || !mayRepeat || attempt === BUSY_ATTEMPTS) throw error;
        await Bun.sleep(BUSY_WAIT_MS);
      }
    }
  };
  return {
    url: base,
    send,
    call: async (method, path, schema, options) => {
      const response = await send(method, path, { timeoutMs: TIMEOUT_MS, ...options });
      const parsed = checkValue(schema, await response.json().catch(() => undefined));
      if (parsed.success) return parsed.output;
      throw new AppError(
        "server_unreachable",
        `${base} does not answer as a datalake server; check --server`,
        {
          details: { url: base, path },
        },
      );
    },
  };
}
