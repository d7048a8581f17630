import { Elysia } from "elysia";
import * as v from "valibot";
import { AppError, toAppError } from "../../errors.ts";
import { readLastRun } from "../../operations/kept-run.ts";
import { type AnyOperation, type OperationRoutes, routesOf } from "../../operations/operation.ts";
import { REPORTS } from "../../operations/report.ts";
import { VERIFY } from "../../operations/verify/operation.ts";
import { checkValue } from "../../schema/check.ts";
import { describeIssue } from "../../schema/describe-issue.ts";
import { FailureSchema } from "../../schema/failure.ts";
import { RunRecordSchema } from "../../schema/operation.ts";
import type { ServerDeps } from "../deps.ts";
import { checked } from "../http/checked.ts";
import { decodeRest, respondWithFile } from "../http/file-response.ts";
import { changes, READS, termsOf } from "../http/route-table.ts";
import type { Asker, OperationRuns, RunWatch } from "../work/operation-runs.ts";

type OperationDeps = Pick<
  ServerDeps,
  "lake" | "operations" | "callerName" | "callerRole" | "identityOf" | "keepOpen" | "shown"
>;

/**
 * Of operations served by id: POST starts one, GET and DELETE have its state, GET and HEAD the files of its result. Of those
 * served at a connection: POST runs one.
 */
export function operationRoutes(deps: OperationDeps) {
  const app = new Elysia({ name: "operations" });
  for (const runs of deps.operations.all) {
    const routes = routesOf(runs.operation);
    const { served } = runs.operation;
    if (routes !== undefined) app.use(routesById(runs, routes, deps));
    if (served.by === "connection") app.use(routeByConnection(runs, served.path, deps));
  }
  return app.use(reportRoutes(deps));
}

function askerFor({ callerName, callerRole, identityOf }: OperationDeps) {
  return (request: Request): Asker => ({
    name: callerName(request),
    role: callerRole(request) ?? "reader",
    identity: identityOf(request),
  });
}

function routesById(runs: OperationRuns, routes: OperationRoutes, deps: OperationDeps) {
  const { operation } = runs;
  const [one] = operation.noun;
  const { start, item, idPrefix, remove, document, toDocument } = routes;
  const askerOf = askerFor(deps);
  const id = v.pipe(
    v.string(),
    v.regex(new RegExp(`^${idPrefix}[0-9a-f]{32}$`), `is not the id of one: ${one}`),
  );
  const params = checked(v.object({ id }));
  const response = { 200: document };
  const file = ({ request, params }: { request: Request; params: { id: string; "*": string } }) => {
    const name = decodeRest(params["*"]) ?? "";
    const { path, bytes, sha256 } = runs.file(params.id, name, askerOf(request));
    const headers = { "content-type": "application/octet-stream", "cache-control": "private, no-cache" };
    return respondWithFile(request, { path, sizeBytes: bytes, etag: `"${sha256}"`, headers });
  };
  const app = new Elysia({ name: `operation ${operation.name}` });
  if (operation.keepsLast !== undefined) app.use(routeOfLast(runs, routes, deps));
  return app
    .post(
      start,
      ({ request, body }) => toDocument(runs.start(requestOf(operation, body), askerOf(request))),
      {
        body: checked(v.nullish(operation.request)),
        response,
        detail: { summary: operation.summary, ...changes(operation.role) },
      },
    )
    .get(`${item}/:id`, ({ request, params }) => toDocument(runs.get(params.id, askerOf(request))), {
      params,
      response,
      detail: { summary: `An operation (${one}): state, progress, result`, ...READS },
    })
    .delete(
      `${item}/:id`,
      async ({ request, params }) => {
        if (remove === "stop") return toDocument(await runs.stop(params.id, askerOf(request)));
        await runs.forget(params.id, askerOf(request));
        return { removed: params.id };
      },
      {
        params,
        response: remove === "stop" ? response : { 200: v.object({ removed: v.string() }) },
        detail: {
          summary: remove === "stop" ? `Stops it (${one})` : `Stops it and removes its files (${one})`,
          ...changes(operation.role),
        },
      },
    )
    .get(`${item}/:id/files/*`, file, {
      params: checked(v.object({ id, "*": v.string() })),
      detail: { summary: `A file of the result, or a part of it (${one})`, ...READS },
    })
    .head(`${item}/:id/files/*`, file, {
      params: checked(v.object({ id, "*": v.string() })),
      detail: { summary: `The size and digest of that file (${one})`, ...READS },
    });
}

/** The last result that the lake keeps, and the run that is going on. */
function routeOfLast(
  runs: OperationRuns,
  { item, document, toDocument }: OperationRoutes,
  deps: OperationDeps,
) {
  const { operation } = runs;
  const [one] = operation.noun;
  const askerOf = askerFor(deps);
  // What only some may run, only they may read.
  const isForAll = operation.served.by === "id" && operation.served.visibleTo === "everybody";
  return new Elysia({ name: `last ${operation.name}` }).get(
    `${item}/last`,
    async ({ request }) => {
      const running = runs.current(askerOf(request));
      return {
        last: (await readLastRun(deps.lake, operation)) ?? null,
        running: running === undefined ? null : toDocument(running),
      };
    },
    {
      response: {
        200: v.object({ last: v.nullable(RunRecordSchema), running: v.nullable(document) }),
      },
      detail: {
        summary: `The last result (${one}), which is kept in the lake, and the one that is running`,
        ...termsOf({ ...READS.terms, role: isForAll ? "reader" : operation.role }),
      },
    },
  );
}

const LINES = "application/x-ndjson";

function routeByConnection(
  runs: OperationRuns,
  path: string,
  { identityOf, keepOpen, shown }: OperationDeps,
) {
  const { operation } = runs;
  return new Elysia({ name: `operation ${operation.name}` }).post(
    path,
    async ({ request, body }) => {
      keepOpen(request);
      const wanted = requestOf(operation, body);
      const asker = { identity: identityOf(request) };
      const run = (watch: RunWatch<AnyOperation>) => runs.run(wanted, asker, watch);
      if (request.headers.get("accept")?.includes(LINES))
        return tellLines(run, (line) => shown(line, request));
      return Response.json(shown(await run({ signal: request.signal }), request));
    },
    {
      body: checked(v.nullish(operation.request)),
      detail: {
        summary: operation.summary,
        rows: {
          "application/json": operation.result,
          [LINES]: v.union([
            operation.progress,
            v.object({ result: operation.result }),
            v.object({ error: FailureSchema }),
          ]),
        },
        ...changes(operation.role),
      },
    },
  );
}

/** Progress, a line each, then `result` or `error`. */
function tellLines(
  run: (watch: RunWatch<AnyOperation>) => Promise<unknown>,
  shown: (line: object) => object,
): Response {
  const gone = new AbortController();
  const encoder = new TextEncoder();
  const body = new ReadableStream<Uint8Array>({
    start: async (controller) => {
      const tell = (line: object) => {
        if (!gone.signal.aborted) controller.enqueue(encoder.encode(`${JSON.stringify(shown(line))}\n`));
      };
      try {
        tell({ result: await run({ signal: gone.signal, onProgress: tell }) });
      } catch (error) {
        tell(toAppError(error).toDocument());
      }
      if (!gone.signal.aborted) controller.close();
    },
    cancel: () => gone.abort(),
  });
  return new Response(body, { headers: { "content-type": LINES } });
}

/** No body is a request without wishes. Throws `usage` where there must be some. */
function requestOf({ request, name }: AnyOperation, body: unknown): unknown {
  if (body != null) return body; // checked with the route
  const result = checkValue(request, {});
  if (result.success) return result.output;
  throw new AppError("usage", `the request for ${name}: ${describeIssue(result.issues[0])}`);
}

const TYPES = { json: "application/json", csv: "text/csv; charset=utf-8; header=present" } as const;

/** GET /validations/{id}/report. */
function reportRoutes(deps: OperationDeps) {
  const askerOf = askerFor(deps);
  return new Elysia({ name: "reports" }).get(
    "/validations/:id/report",
    ({ request, params: { id }, query: { format } }) =>
      new Response(Bun.file(deps.operations.of(VERIFY).file(id, REPORTS[format], askerOf(request)).path), {
        headers: {
          "content-type": TYPES[format],
          "content-disposition": `attachment; filename="${id}.${format}"`,
        },
      }),
    {
      params: checked(v.object({ id: v.string() })),
      query: checked(v.object({ format: v.optional(v.picklist(["json", "csv"]), "json") })),
      detail: { summary: "All findings of a completed check, as JSON or CSV", ...READS },
    },
  );
}
