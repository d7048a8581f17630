import { AppError, throwIfCancelled } from "../../errors.ts";
import { refusalOf, type TrinoFailure } from "./errors.ts";
import { parseExactly } from "./json.ts";

/** A response of Trino's REST protocol: a page of results, or a query's state. */
export interface TrinoPage {
  id: string;
  /** The next page; missing on the last. */
  nextUri?: string;
  columns?: { name: string; type: string }[];
  data?: unknown[][];
  error?: TrinoFailure;
  stats?: { elapsedTimeMillis?: number; physicalInputBytes?: number };
}

export interface TrinoAddress {
  url: string;
  /** Default `datalake`. */
  user?: string | undefined;
  /** For HTTP Basic; only over https or to this machine. */
  password?: string | undefined;
  /** JWT or OAuth2 access token. */
  token?: string | undefined;
  /** Default for unqualified names in SQL. */
  catalog: string;
  schema: string;
}

export interface HttpEffects {
  fetch: (url: string, init: RequestInit) => Promise<Response>;
  /** Waits, or rejects when the signal fires. */
  sleep: (delayMs: number, signal: AbortSignal | undefined) => Promise<void>;
}

export interface TrinoHttp {
  /** Submits a statement; `session` are properties as in `SET SESSION`. */
  submit(sql: string, session: Record<string, string>, signal?: AbortSignal): Promise<TrinoPage>;
  /** Waits for the page at a `nextUri`. */
  follow(nextUri: string, signal?: AbortSignal): Promise<TrinoPage>;
  /** Stops the query of a `nextUri`; never throws. */
  cancel(nextUri: string): Promise<void>;
}

export const DEFAULT_USER = "datalake";

/**
 * Trino's REST protocol (https://trino.io/docs/current/develop/client-protocol.html): POST /v1/statement,
 * then GET each nextUri. Retries responses 429, 502, 503 and 504 with growing delays. Throws
 * `server_unreachable`, `unauthorized`, `cancelled`, and `engine_failed` for other responses.
 */
export function createTrinoHttp(address: TrinoAddress, effects: HttpEffects = realEffects): TrinoHttp {
  const base = new URL(address.url);
  const headers = headersOf(address, base);
  const user = address.user ?? DEFAULT_USER;
  const request = async (url: string, init: RequestInit, signal: AbortSignal | undefined) => {
    const response = await retrying(effects, address.url, signal, () =>
      effects.fetch(url, { ...init, ...(signal && { signal }) }),
    );
    const text = await response.text().catch((cause) => {
      throw unreachable(address.url, cause, signal);
    });
    if (response.status !== 200) throw refusalOf(response.status, address.url, user, text);
    return readPage(text, address.url);
  };
  return {
    submit: (sql, session, signal) => {
      const properties = Object.entries(session).map(
        ([name, value]) => `${name}=${encodeURIComponent(value)}`,
      );
      const own = { ...headers, ...(properties.length > 0 && { "X-Trino-Session": properties.join(",") }) };
      return request(
        new URL("/v1/statement", base).href,
        { method: "POST", body: sql, headers: own },
        signal,
      );
    },
    follow: (nextUri, signal) => request(keepSecure(nextUri, base), { headers }, signal),
    cancel: async (nextUri) => {
      const signal = AbortSignal.timeout(CANCEL_LIMIT_MS);
      await effects.fetch(keepSecure(nextUri, base), { method: "DELETE", headers, signal }).catch(() => {});
    },
  };
}

const CANCEL_LIMIT_MS = 5000;

function headersOf(
  { user, password, token, catalog, schema }: TrinoAddress,
  base: URL,
): Record<string, string> {
  const local = ["127.0.0.1", "[::1]", "localhost"].includes(base.hostname);
  if ((password !== undefined || token !== undefined) && base.protocol !== "https:" && !local) {
    throw new AppError(
      "invalid_config",
      `a password or token for Trino would go unencrypted to ${base.origin}; give trino.url with https://`,
      { details: { key: "trino.url" } },
    );
  }
  const headers: Record<string, string> = {
    "X-Trino-User": user ?? DEFAULT_USER,
    "X-Trino-Source": "datalake",
    "X-Trino-Catalog": catalog,
    "X-Trino-Schema": schema,
    "X-Trino-Time-Zone": "UTC",
    // Without it timestamps are truncated to milliseconds.
    "X-Trino-Client-Capabilities": "PARAMETRIC_DATETIME",
  };
  if (token !== undefined) headers.Authorization = `Bearer ${token}`;
  else if (password !== undefined) {
    headers.Authorization = `Basic ${Buffer.from(`${user ?? DEFAULT_USER}:${password}`).toString("base64")}`;
  }
  const wrong = Object.entries(headers).find(([, value]) => /[^\x20-\x7e]/.test(value));
  if (wrong) {
    throw new AppError(
      "invalid_config",
      `Trino takes only plain ASCII for ${wrong[0]}; check trino.user, trino.catalog, trino.schema and the token`,
    );
  }
  return headers;
}

/** Keeps https: a server behind a proxy may return http addresses. */
function keepSecure(nextUri: string, base: URL): string {
  const next = new URL(nextUri, base);
  if (base.protocol !== "https:" || next.protocol === "https:") return next.href;
  return new URL(`${next.pathname}${next.search}`, base).href;
}

function readPage(text: string, place: string): TrinoPage {
  try {
    const page = parseExactly(text) as TrinoPage;
    if (typeof page?.id === "string") return page;
  } catch {
    // reported below
  }
  throw new AppError("engine_failed", `${place} does not answer as Trino does; check trino.url`, {
    details: { engine: "trino" },
  });
}

const BUSY = new Set([429, 502, 503, 504]);
const MAX_ATTEMPTS = 8;
const MAX_DELAY_MS = 5000;

/** Retries for about 15 s, but not if the connection is refused. */
async function retrying(
  { sleep }: HttpEffects,
  place: string,
  signal: AbortSignal | undefined,
  attempt: () => Promise<Response>,
): Promise<Response> {
  for (let attempts = 1; ; attempts++) {
    throwIfCancelled(signal);
    let response: Response | undefined;
    try {
      response = await attempt();
      if (!BUSY.has(response.status) || attempts === MAX_ATTEMPTS) return response;
      await response.body?.cancel();
    } catch (cause) {
      if (signal?.aborted || attempts === MAX_ATTEMPTS || isRefused(cause))
        throw unreachable(place, cause, signal);
    }
    const asked = Number(response?.headers.get("retry-after")) * 1000 || 0;
    const delayMs = Math.min(MAX_DELAY_MS, Math.max(asked, 100 * 2 ** (attempts - 1)));
    await sleep(delayMs * (0.5 + Math.random() / 2), signal).catch(() => throwIfCancelled(signal));
  }
}

/** Connection refused or unknown host. */
function isRefused(error: unknown): boolean {
  const code = (error as { code?: unknown } | null)?.code;
  return ["ConnectionRefused", "ECONNREFUSED", "ENOTFOUND", "FailedToOpenSocket"].includes(String(code));
}

function unreachable(place: string, cause: unknown, signal: AbortSignal | undefined): AppError {
  throwIfCancelled(signal);
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new AppError(
    "server_unreachable",
    `Trino at ${place} cannot be reached (${reason}); check trino.url and that it runs`,
    { details: { engine: "trino" }, cause },
  );
}

const realEffects: HttpEffects = {
  fetch: (url, init) => fetch(url, init),
  sleep: (delayMs, signal) =>
    new Promise((resolve, reject) => {
      const timer = setTimeout(resolve, delayMs);
      signal?.addEventListener("abort", () => reject(clearTimeout(timer)), { once: true });
    }),
};
