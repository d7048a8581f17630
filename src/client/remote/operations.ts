import * as v from "valibot";
import { AppError, throwIfCancelled } from "../../errors.ts";
import { type AnyOperation, type RequestOf, routesOf } from "../../operations/operation.ts";
import { parseValue } from "../../schema/check.ts";
import { FailureSchema, failureError } from "../../schema/failure.ts";
import { type OperationState, RunRecordSchema } from "../../schema/operation.ts";
import { readLines } from "../../util/lines.ts";
import type { OperationsClient, RunOptions } from "../lake-client.ts";
import type { RemoteHttp } from "./http.ts";
import { describedError, unreachable } from "./server-error.ts";

/** Runs operations at a server. Cancelling stops them there too. */
export function connectOperations(http: RemoteHttp): OperationsClient {
  return {
    run: async (operation, request, options = {}) => {
      const { served } = operation as AnyOperation;
      if (served.by === "connection") {
        return { result: await runAtConnection(http, operation, served.path, request, options) };
      }
      throwIfCancelled(options.signal);
      const { id } = await startOperation(http, operation, request);
      const { status, result, error } = await followOperation(http, operation, id, options);
      if (status === "cancelled") {
        throw new AppError("cancelled", `the ${operation.noun[0]} ${id} was cancelled`);
      }
      if (error !== undefined) throw failureError(error);
      return { result: parseValue(operation.result, result), id };
    },
    last: async (operation) => {
      const { item } = requireRoutes(operation);
      return (await http.call("GET", `${item}/last`, LastRunSchema)).last ?? undefined;
    },
  };
}

const LastRunSchema = v.object({ last: v.nullable(RunRecordSchema) });
const POLL_MS = 250;
/** How often in a row a server may not answer while it is waited for. */
const SILENCES = 40;
/** A server answers when the operation has ended. */
const STOP_TIMEOUT_MS = 30_000;

/** Has a server begin an operation. Not stopped on its way: without its id nobody could stop what has begun. */
export async function startOperation<O extends AnyOperation>(
  http: RemoteHttp,
  operation: O,
  request: RequestOf<O>,
): Promise<{ id: string }> {
  const { start, idName } = requireRoutes(operation);
  const started = v.looseObject({ [idName]: v.string() });
  const document: Record<string, unknown> = await http.call("POST", start, started, {
    body: request,
  });
  return { id: String(document[idName]) };
}

/** Waits until an operation has ended, well or not. Stops it when the signal fires, and throws `cancelled`. */
export async function followOperation<O extends AnyOperation>(
  http: RemoteHttp,
  operation: O,
  id: string,
  { signal, onProgress }: RunOptions<O>,
): Promise<OperationState> {
  const { item, document, fromDocument } = requireRoutes(operation);
  const path = `${item}/${id}`;
  for (let silences = 0; ; ) {
    try {
      const state = fromDocument((await http.call("GET", path, document, { signal })) as never);
      silences = 0;
      if (state.progress !== null) onProgress?.(parseValue(operation.progress, state.progress));
      if (state.finished_at !== null) return state;
    } catch (error) {
      if (signal?.aborted) {
        await http.send("DELETE", path, { timeoutMs: STOP_TIMEOUT_MS }).catch(() => {}); // it may have ended
        throwIfCancelled(signal);
      }
      const away = error instanceof AppError && error.code === "server_unreachable";
      if (!away || ++silences > SILENCES) throw error;
    }
    await Bun.sleep(POLL_MS);
  }
}

function requireRoutes(operation: AnyOperation) {
  const routes = routesOf(operation);
  if (routes !== undefined) return routes;
  throw new AppError("usage", `a server runs ${operation.name} by itself only`);
}

/** A rebuild of a large lake may take long. */
const LONG_MS = 24 * 3_600_000;

async function runAtConnection<O extends AnyOperation>(
  http: RemoteHttp,
  { progress, result }: O,
  path: string,
  body: RequestOf<O>,
  { signal, onProgress }: RunOptions<O>,
) {
  const sent = { body, headers: { accept: "application/x-ndjson" }, signal, timeoutMs: LONG_MS };
  const answer = await http.send("POST", path, sent);
  try {
    for await (const text of readLines(answer.body ?? new Blob().stream())) {
      const line = parseValue(v.pipe(v.string(), v.parseJson(), v.record(v.string(), v.unknown())), text);
      if ("result" in line) return parseValue(result, line.result);
      if ("error" in line) throw describedError(parseValue(FailureSchema, line.error));
      onProgress?.(parseValue(progress, line));
    }
  } catch (error) {
    throwIfCancelled(signal);
    throw error instanceof AppError ? error : unreachable(http.url, error);
  }
  throw unreachable(http.url, undefined);
}
