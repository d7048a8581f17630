import { toAppError } from "../errors.ts";
import { recordAudit } from "../lake/audit.ts";
import type { Lake } from "../lake/lake.ts";
import type { Logger } from "../log.ts";
import { type Caller, isReading } from "./access.ts";
import type { Admitted } from "./admission.ts";
import { isStreamed } from "./limits.ts";
import type { Observe } from "./observe.ts";
import { problem } from "./problem.ts";
import { withSmallBody } from "./small-body.ts";

export interface FrontOptions {
  lake: Lake;
  logger: Logger;
  admit(request: Request, address: string): Admitted;
  answer(request: Request): Response | Promise<Response>;
  observe: Observe;
  callers: Callers;
  maxBodyBytes: number;
  /** In which a small body has to be there. */
  bodyTimeoutMs: number;
}

/** Who asks, by request; and the connection's own request where routes are given a copy. */
export interface Callers {
  callerOf(request: Request): Caller | undefined;
  /** The request that came in, of one that a route was given. */
  originalOf(request: Request): Request;
  remember(request: Request, admitted: Admitted, original: Request): void;
}

export function createCallers(): Callers {
  const known = new WeakMap<Request, { admitted: Admitted; original: Request }>();
  return {
    callerOf: (request) => known.get(request)?.admitted.caller,
    originalOf: (request) => known.get(request)?.original ?? request,
    remember: (request, admitted, original) => known.set(request, { admitted, original }),
  };
}

/** What every request goes through: an id, the admission, a body that is there, its route, a line in the audit log. */
export function createFront(options: FrontOptions): (request: Request, address: string) => Promise<Response> {
  const { observe } = options;
  return (request, address) =>
    observe(request, async () => {
      const requestId = requestIdOf(request);
      const { response, admitted } = await answerOne(request, address, options);
      if (!isReading(request.method, new URL(request.url).pathname)) {
        await audit(request, response, requestId, admitted, address, options);
      }
      return withHeaders(response, requestId);
    });
}

async function answerOne(
  request: Request,
  address: string,
  { admit, answer, callers, logger, maxBodyBytes, bodyTimeoutMs }: FrontOptions,
): Promise<{ response: Response; admitted: Admitted | undefined }> {
  let admitted: Admitted | undefined;
  try {
    admitted = admit(request, address);
    callers.remember(request, admitted, request);
    if (admitted.refusal) throw admitted.refusal;
    const { pathname } = new URL(request.url);
    const limits = { maxBytes: maxBodyBytes, timeoutMs: bodyTimeoutMs };
    const given = isStreamed(request.method, pathname) ? request : await withSmallBody(request, limits);
    callers.remember(given, admitted, request);
    return { response: await answer(given), admitted };
  } catch (thrown) {
    const error = toAppError(thrown);
    if (error.code === "internal") logger.error("a request failed", { url: request.url, error });
    return { response: problem(error), admitted };
  } finally {
    admitted?.done();
  }
}

/** That of the client, so that it can be found in its own log as well. */
function requestIdOf({ headers }: Request): string {
  const given = headers.get("x-request-id") ?? "";
  return /^[\w.-]{8,64}$/.test(given) ? given : `r${Bun.randomUUIDv7().replaceAll("-", "")}`;
}

function withHeaders(response: Response, requestId: string): Response {
  response.headers.set("x-request-id", requestId);
  response.headers.set("x-content-type-options", "nosniff");
  if (response.status === 503) response.headers.set("retry-after", "1");
  if (!response.headers.has("cache-control")) response.headers.set("cache-control", "no-store");
  return response;
}

async function audit(
  request: Request,
  response: Response,
  requestId: string,
  admitted: Admitted | undefined,
  peer: string,
  { lake, logger }: FrontOptions,
): Promise<void> {
  const { pathname } = new URL(request.url);
  // The pieces of an upload are many, and its commit says it all.
  if (response.ok && /^\/uploads\/[^/]+\/(files|known|rows)/.test(pathname)) return;
  try {
    await recordAudit(lake, {
      who: admitted === undefined ? "unknown" : (admitted.caller.name ?? "anybody"),
      role: admitted?.caller.role,
      from: admitted?.address ?? peer,
      action: `${request.method} /${pathname.split("/")[1] ?? ""}`,
      target: pathname,
      request_id: requestId,
      outcome: response.ok ? "ok" : await errorCode(response),
    });
  } catch (error) {
    logger.error("the audit log cannot be written", { error });
  }
}

async function errorCode(response: Response): Promise<string> {
  const document = (await response
    .clone()
    .json()
    .catch(() => undefined)) as { error?: { code?: string } } | undefined;
  return document?.error?.code ?? String(response.status);
}
