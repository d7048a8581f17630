import { Elysia } from "elysia";
import { AppError } from "../errors.ts";
import { catalogRoutes, retryRoutes } from "./catalog-routes.ts";
import { configRoutes } from "./config-routes.ts";
import type { ServerDeps } from "./deps.ts";
import { jobRoutes } from "./job-routes.ts";
import { logRoutes } from "./log-routes.ts";
import { metricsRoutes } from "./metrics-routes.ts";
import { openApiRoutes } from "./openapi-routes.ts";
import { partitionRoutes } from "./partition-routes.ts";
import { fromFramework, problem } from "./problem.ts";
import { processRoutes } from "./process-routes.ts";
import { queryRoutes } from "./query-routes.ts";
import { searchRoutes } from "./search-routes.ts";
import { systemRoutes } from "./system-routes.ts";
import { uploadListRoutes } from "./upload-list-routes.ts";
import { validateRoutes } from "./validate-routes.ts";

export interface Guard {
  /** Whether a Host header names this server. */
  isOwnHost(header: string | null): boolean;
  /** Whether an Authorization header lets in; undefined where nobody needs one. */
  isAuthorized: ((header: string | null) => boolean) | undefined;
  maxBodyBytes: number;
}

/** The HTTP interface: every request passes the guard, every failure is an error document. */
export function createApp(deps: ServerDeps, guard: Guard) {
  const app = new Elysia({ name: "datalake" })
    .onRequest(({ request }) => {
      const refusal = refuse(request, guard);
      if (refusal) return problem(refusal);
    })
    .onError(({ code, error, request }) => {
      const known = fromFramework(code, error, request);
      if (known.code === "internal") deps.logger.error("a request failed", { url: request.url, error });
      return problem(known);
    })
    .use(systemRoutes(deps))
    .use(metricsRoutes(deps))
    .use(logRoutes(deps))
    .use(configRoutes(deps))
    .use(catalogRoutes(deps))
    .use(retryRoutes(deps))
    .use(processRoutes(deps))
    .use(jobRoutes(deps))
    .use(uploadListRoutes(deps))
    .use(validateRoutes(deps))
    .use(partitionRoutes(deps))
    .use(searchRoutes(deps))
    .use(queryRoutes(deps));
  return app.use(openApiRoutes({ version: deps.version, routes: () => app.routes }));
}

function refuse(request: Request, guard: Guard): AppError | undefined {
  const { headers } = request;
  if (!guard.isOwnHost(headers.get("host"))) {
    return new AppError(
      "bad_host",
      `this server is not ${JSON.stringify(headers.get("host") ?? "")}; call it by its address, or add the name to serve.allowed_hosts`,
    );
  }
  if (Number(headers.get("content-length") ?? 0) > guard.maxBodyBytes) {
    return new AppError("too_large", `the body is larger than ${guard.maxBodyBytes} bytes (serve.max_body)`);
  }
  // Whether the server is up may be asked by a monitor that has no token.
  if (guard.isAuthorized === undefined || new URL(request.url).pathname === "/health") return undefined;
  if (guard.isAuthorized(headers.get("authorization"))) return undefined;
  return new AppError("unauthorized", "this server wants a token; set DATALAKE_TOKEN to one it knows");
}
