import type { Logger } from "../log.ts";
import type { MetricRegistry } from "./metric-registry.ts";
import { methodName } from "./route-names.ts";

export interface ObserveOptions {
  registry: MetricRegistry;
  logger: Logger;
  /** The route of a path, as a pattern. */
  routeOf(pathname: string): string;
  /** Who asks: the name of a token. */
  callerName(request: Request): string | undefined;
}

/** Answers a request by `answer`; counts, times and logs it. */
export type Observe = (request: Request, answer: () => Response | Promise<Response>) => Promise<Response>;

const DURATIONS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];
const QUERIES: Readonly<Record<string, string>> = { "/search": "search", "/query": "sql" };

/** Durations are those until the answer begins: a stream may go on for as long as its reader likes. */
export function createObserver({ registry, logger, routeOf, callerName }: ObserveOptions): Observe {
  let inFlight = 0;
  const requests = registry.counter("datalake_http_requests_total", "Requests by route, method and status.");
  const seconds = registry.histogram(
    "datalake_http_request_duration_seconds",
    "Time until an answer began.",
    DURATIONS,
  );
  registry.gauge("datalake_http_requests_in_flight", "Requests whose answer has not begun.", () => [
    { value: inFlight },
  ]);
  const queries = registry.counter(
    "datalake_queries_total",
    "Searches and SQL queries by engine and outcome.",
  );
  const querySeconds = registry.histogram(
    "datalake_query_duration_seconds",
    "Time of a query until its first rows, waiting for its turn included.",
    DURATIONS,
  );
  const count = (request: Request, response: Response, elapsedSeconds: number) => {
    const { pathname } = new URL(request.url);
    const route = routeOf(pathname);
    const method = methodName(request.method);
    requests.add({ route, method, status: String(response.status) });
    seconds.observe({ route, method }, elapsedSeconds);
    const kind = QUERIES[route];
    if (kind !== undefined && request.method !== "HEAD") {
      queries.add({ kind, engine: response.headers.get("x-engine") ?? "none", outcome: outcomeOf(response) });
      querySeconds.observe({ kind }, elapsedSeconds);
    }
    const { status, headers } = response;
    const say = isRoutine(method, route, status) ? logger.debug : logger.info;
    say("request", {
      request_id: headers.get("x-request-id") ?? undefined,
      method,
      path: pathname,
      status,
      duration_ms: Math.round(elapsedSeconds * 10_000) / 10,
      caller: callerName(request),
    });
  };
  return async (request, answer) => {
    const startedMs = performance.now();
    inFlight++;
    try {
      const response = await answer();
      count(request, response, (performance.now() - startedMs) / 1000);
      return response;
    } finally {
      inFlight--;
    }
  };
}

function outcomeOf({ status }: Response): string {
  if (status < 400) return "ok";
  return status === 499 ? "cancelled" : "error";
}

/** What succeeds and changes nothing, and the pieces of an upload, of which there may be millions. */
function isRoutine(method: string, route: string, status: number): boolean {
  if (status >= 400) return false;
  return (
    method === "GET" || method === "HEAD" || route in QUERIES || /^\/uploads\/.*\/(files|known)/.test(route)
  );
}
