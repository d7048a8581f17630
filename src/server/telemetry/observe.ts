import type { Logger } from "../../log.ts";
import { methodName, type Route, type RouteTerms } from "../http/route-table.ts";
import type { MetricRegistry } from "./metric-registry.ts";

export interface ObserveOptions {
  registry: MetricRegistry;
  logger: Logger;
  /** The caller: the name of its token. */
  callerName(request: Request): string | undefined;
}

/** Answers a request by `answer`; counts, times and logs it. */
export type Observe = (
  request: Request,
  route: Route,
  answer: () => Response | Promise<Response>,
) => Promise<Response>;

const DURATIONS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

/** Durations are those until the answer begins: a stream may go on for as long as its reader likes. */
export function createObserver({ registry, logger, callerName }: ObserveOptions): Observe {
  let inFlight = 0;
  const requests = registry.counter("datalake_http_requests_total", "Requests by route, method and status.");
  const seconds = registry.histogram(
    "datalake_http_request_duration_seconds",
    "Time until a response began.",
    DURATIONS,
  );
  registry.gauge("datalake_http_requests_in_flight", "Requests whose response has not begun.", () => [
    { value: inFlight },
  ]);
  const queries = registry.counter(
    "datalake_queries_total",
    "Searches and SQL queries by engine and outcome.",
  );
  const querySeconds = registry.histogram(
    "datalake_query_duration_seconds",
    "Time of a query until its first rows, waiting included.",
    DURATIONS,
  );
  const count = (
    request: Request,
    { name: route, terms }: Route,
    response: Response,
    elapsedSeconds: number,
  ) => {
    const method = methodName(request.method);
    requests.add({ route, method, status: String(response.status) });
    seconds.observe({ route, method }, elapsedSeconds);
    const { query: kind } = terms;
    if (kind !== undefined) {
      queries.add({ kind, engine: response.headers.get("x-engine") ?? "none", outcome: outcomeOf(response) });
      querySeconds.observe({ kind }, elapsedSeconds);
    }
    const { status, headers } = response;
    const say = isRoutine(terms, status) ? logger.debug : logger.info;
    say("request", {
      request_id: headers.get("x-request-id") ?? undefined,
      method,
      path: new URL(request.url).pathname,
      status,
      duration_ms: Math.round(elapsedSeconds * 10_000) / 10,
      caller: callerName(request),
    });
  };
  return async (request, route, answer) => {
    const startedMs = performance.now();
    inFlight++;
    try {
      const response = await answer();
      count(request, route, response, (performance.now() - startedMs) / 1000);
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
function isRoutine({ audit }: RouteTerms, status: number): boolean {
  return status < 400 && audit !== "all";
}
