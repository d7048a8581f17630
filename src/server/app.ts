import { Elysia } from "elysia";
import { AppError } from "../errors.ts";
import { includesRole, type Role } from "../schema/token.ts";
import type { ServerDeps } from "./deps.ts";
import { fromFramework, problem } from "./http/problem.ts";
import { createRouteTable, type Route, type RouteTable } from "./http/route-table.ts";
import { assetRoutes } from "./routes/assets.ts";
import { catalogRoutes, retryRoutes } from "./routes/catalog.ts";
import { configRoutes } from "./routes/config.ts";
import { docsRoutes } from "./routes/docs.ts";
import { inputPartRoutes } from "./routes/input-parts.ts";
import { inputRoutes } from "./routes/inputs.ts";
import { jobRoutes } from "./routes/jobs.ts";
import { logRoutes } from "./routes/log.ts";
import { metricsRoutes } from "./routes/metrics.ts";
import { openApiRoutes } from "./routes/openapi.ts";
import { operationRoutes } from "./routes/operations.ts";
import { pageRoutes } from "./routes/page.ts";
import { partitionRoutes } from "./routes/partitions.ts";
import { processRoutes } from "./routes/process.ts";
import { queryRoutes } from "./routes/query.ts";
import { rowRoutes } from "./routes/rows.ts";
import { searchRoutes } from "./routes/search.ts";
import { sessionRoutes } from "./routes/session.ts";
import { systemRoutes } from "./routes/system.ts";
import { uiRoutes } from "./routes/ui.ts";
import { uploadListRoutes } from "./routes/upload-list.ts";
import { uploadRoutes } from "./routes/uploads.ts";

/** The routes; every failure is an error document. Access is decided before (http/middleware.ts). */
export function createApp(deps: ServerDeps) {
  let table: RouteTable | undefined;
  const routes = () => {
    table ??= createRouteTable(app.routes);
    return table;
  };
  const app = new Elysia({ name: "datalake", strictPath: true })
    .onError(({ code, error, request }) => {
      const known = fromFramework(code, error, request);
      if (known.code === "internal") {
        const request_id = request.headers.get("x-request-id");
        deps.logger.error("a request failed", { request_id, url: request.url, error });
      }
      return problem(known);
    })
    .onTransform(({ request, route }) =>
      refuseStray(routes()(request.method, route), deps.callerRole(request)),
    )
    .onAfterHandle(({ request, responseValue }) =>
      isPlain(responseValue) ? deps.shown(responseValue, request) : undefined,
    )
    .use(systemRoutes(deps))
    .use(docsRoutes(deps))
    .use(uiRoutes(deps))
    .use(sessionRoutes(deps))
    .use(pageRoutes(deps))
    .use(rowRoutes(deps))
    .use(metricsRoutes(deps))
    .use(logRoutes(deps))
    .use(configRoutes(deps))
    .use(catalogRoutes(deps))
    .use(retryRoutes(deps))
    .use(operationRoutes(deps))
    .use(assetRoutes(deps))
    .use(processRoutes(deps))
    .use(jobRoutes(deps))
    .use(uploadListRoutes(deps))
    .use(uploadRoutes(deps))
    .use(inputRoutes(deps))
    .use(inputPartRoutes(deps))
    .use(partitionRoutes(deps))
    .use(searchRoutes(deps))
    .use(queryRoutes(deps));
  app.use(openApiRoutes({ version: deps.version, routes: () => app.routes }));
  return { app, routes: routes() };
}

/** The door judged the path. Should the router ever find another route by it than was judged, that one is not run. */
function refuseStray({ method, name, terms: { role: wanted } }: Route, role: Role | undefined): void {
  if (wanted === "anybody" || (role !== undefined && includesRole(role, wanted))) return;
  throw new AppError("forbidden", `${method} ${name} requires the role ${wanted}`);
}

function isPlain(value: unknown): value is object {
  return typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}
