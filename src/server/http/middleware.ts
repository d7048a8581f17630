import { type ErrorDocument, toAppError } from "../../errors.ts";
import type { Lake } from "../../lake/lake.ts";
import type { Logger } from "../../log.ts";
import { checkValue } from "../../schema/check.ts";
import type { Caller } from "../auth/access.ts";
import type { Admitted } from "../auth/admit.ts";
import { createAuditor } from "../auth/audit.ts";
import type { Discretion } from "../auth/discretion.ts";
import type { Observe } from "../telemetry/observe.ts";
import { enterDoor } from "./door.ts";
import { ErrorDocumentSchema, problem } from "./problem.ts";
import type { Route, RouteTable } from "./route-table.ts";
import { withSmallBody } from "./small-body.ts";

export interface MiddlewareOptions {
  lake: Lake;
  logger: Logger;
  routes: RouteTable;
  admit(request: Request, address: string, route: Route): Admitted;
  /** Whether an address is that of a known proxy. */
  isTrusted(address: string): boolean;
  answer(request: Request): Response | Promise<Response>;
  observe: Observe;
  discretion: Discretion;
  callers: Callers;
  maxBodyBytes: number;
  /** In which a small body has to be there. */
  bodyTimeoutMs: number;
}

/** The caller of each request, and the original request of the connection, of which routes get copies. */
export interface Callers {
  callerOf(request: Request): Caller | undefined;
  /** Identity for queues and limits: a token, or an address where no token is needed. */
  identityOf(request: Request): string;
  /** The request that came in, of one that a route was given. */
  originalOf(request: Request): Request;
  copied(copy: Request, of: Request): void;
  remember(request: Request, admitted: Admitted): void;
}

export function createCallers(): Callers {
  const originals = new WeakMap<Request, Request>();
  const known = new WeakMap<Request, Admitted>();
  const originalOf = (request: Request) => originals.get(request) ?? request;
  return {
    callerOf: (request) => known.get(originalOf(request))?.caller,
    identityOf: (request) => {
      const admitted = known.get(originalOf(request));
      return admitted?.caller.name ?? `address ${admitted?.address ?? ""}`;
    },
    originalOf,
    copied: (copy, of) => originals.set(copy, originalOf(of)),
    remember: (request, admitted) => known.set(originalOf(request), admitted),
  };
}

/**
 * What every request goes through: the door, an id, admission, a body that is there, its route, a line in the audit
 * log.
 */
export function createMiddleware(
  options: MiddlewareOptions,
): (request: Request, address: string) => Promise<Response> {
  const { observe, isTrusted, callers, discretion } = options;
  const audit = createAuditor(options);
  return (original, address) => {
    const request = enterDoor(original);
    callers.copied(request, original);
    const route = options.routes(request.method, new URL(request.url).pathname);
    return observe(request, route, async () => {
      const requestId = requestIdOf(request, isTrusted(address));
      request.headers.set("x-request-id", requestId); // for the log lines of routes
      const { response, admitted } = await respond(request, address, route, options);
      const { answer, outcome } = await identifyResponse(response, requestId, (error) =>
        discretion.show(error, admitted?.caller.role),
      );
      if (route.terms.audit === "all" || (route.terms.audit === "failed" && outcome !== "ok")) {
        await audit(request, { admitted, peer: address, requestId, outcome });
      }
      return withHeaders(answer, requestId);
    });
  };
}

async function respond(
  request: Request,
  address: string,
  route: Route,
  { admit, answer, callers, logger, maxBodyBytes, bodyTimeoutMs }: MiddlewareOptions,
): Promise<{ response: Response; admitted: Admitted | undefined }> {
  let admitted: Admitted | undefined;
  try {
    admitted = admit(request, address, route);
    callers.remember(request, admitted);
    if (admitted.refusal) throw admitted.refusal;
    const limits = { maxBytes: maxBodyBytes, timeoutMs: bodyTimeoutMs };
    const given = route.terms.body === "stream" ? request : await withSmallBody(request, limits);
    if (given !== request) callers.copied(given, request);
    return { response: await answer(given), admitted };
  } catch (thrown) {
    const error = toAppError(thrown);
    if (error.code === "internal") {
      logger.error("a request failed", {
        request_id: request.headers.get("x-request-id"),
        url: request.url,
        error,
      });
    }
    return { response: problem(error), admitted };
  } finally {
    admitted?.done();
  }
}

/** That of a known proxy, so that it is found in its log as well; anybody else's word would pass for another's id. */
function requestIdOf({ headers }: Request, isTrusted: boolean): string {
  const given = isTrusted ? (headers.get("x-request-id") ?? "") : "";
  return /^[\w.-]{8,64}$/.test(given) ? given : `r${Bun.randomUUIDv7().replaceAll("-", "")}`;
}

/**
 * The answer, with the id in it where it is an error's document, and how the request ended: `ok` or an error's
 * code.
 */
async function identifyResponse(
  response: Response,
  requestId: string,
  show: (error: ErrorDocument["error"]) => ErrorDocument["error"],
): Promise<{ answer: Response; outcome: string }> {
  if (response.ok) return { answer: response, outcome: "ok" };
  const { status } = response;
  const isJson = response.headers.get("content-type")?.includes("json");
  const document = isJson
    ? await response
        .clone()
        .json()
        .catch(() => undefined)
    : undefined;
  const parsed = checkValue(ErrorDocumentSchema, document);
  if (!parsed.success) return { answer: response, outcome: String(status) };
  const error = show(parsed.output.error as ErrorDocument["error"]);
  const headers = new Headers(response.headers);
  headers.delete("content-length");
  const details = { ...error.details, request_id: requestId };
  return {
    answer: Response.json({ error: { ...error, details } }, { status, headers }),
    outcome: error.code,
  };
}

function withHeaders(response: Response, requestId: string): Response {
  response.headers.set("x-request-id", requestId);
  response.headers.set("x-content-type-options", "nosniff");
  // Pages of other sites do not even show its images.
  response.headers.set("cross-origin-resource-policy", "same-origin");
  if (response.status === 503) response.headers.set("retry-after", "1");
  if (!response.headers.has("cache-control")) response.headers.set("cache-control", "no-store");
  return response;
}
