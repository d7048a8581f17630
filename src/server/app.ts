import { Elysia } from "elysia";
import { AppError } from "../errors.ts";
import { includesRole, type Role } from "../schema/token.ts";
import { assetRoutes } from "./asset-routes.ts";
import { catalogRoutes, retryRoutes } from "./catalog-routes.ts";
import { configRoutes } from "./config-routes.ts";
import type { ServerDeps } from "./deps.ts";
import { docsRoutes } from "./docs-routes.ts";
import { inputRoutes } from "./input-routes.ts";
import { jobRoutes } from "./job-routes.ts";
import { logRoutes } from "./log-routes.ts";
import { metricsRoutes } from "./metrics-routes.ts";
import { openApiRoutes } from "./openapi-routes.ts";
import { operationRoutes } from "./operation-routes.ts";
import { partitionRoutes } from "./partition-routes.ts";
import { fromFramework, problem } from "./problem.ts";
import { processRoutes } from "./process-routes.ts";
import { queryRoutes } from "./query-routes.ts";
import { createRouteTable, type Route, type RouteTable } from "./route-table.ts";
import { searchRoutes } from "./search-routes.ts";
import { systemRoutes } from "./system-routes.ts";
import { uploadListRoutes } from "./upload-list-routes.ts";
import { uploadRoutes } from "./upload-routes.ts";

/** The routes; every failure is an error document. Who may ask what is decided before (front.ts). */
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
    .use(partitionRoutes(deps))
    .use(searchRoutes(deps))
    .use(queryRoutes(deps));
  app.use(openApiRoutes({ version: deps.version, routes: () => app.routes }));
  return { app, routes: routes() };
}

/** The door judged the path. Should the router ever find another route by it than was judged, that one is not run. */
function refuseStray({ method, name, terms: { role: wanted } }: Route, role: Role | undefined): void {
  if (wanted === "anybody" || (role !== undefined && includesRole(role, wanted))) return;
  throw new AppError("forbidden", `${method} ${name} is for the role ${wanted}`);
}

function isPlain(value: unknown): value is object {
  return typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}
