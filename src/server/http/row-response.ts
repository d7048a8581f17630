import { AppError, toAppError } from "../../errors.ts";
import type { Logger } from "../../log.ts";
import { bufferStart } from "../../query/output/buffer-start.ts";
import type { EncodedResult } from "../../query/output/encoder.ts";
import { loadEncoder, mediaTypes, type RowFormat } from "../../query/output/formats.ts";
import { failureError } from "../../schema/failure.ts";
import { encodeFailure } from "../../schema/result-failure.ts";
import type { Slots } from "../work/slots.ts";
import { parseRange } from "./byte-range.ts";
import type { ResponseCache } from "./response-cache.ts";
import { wantsDescription } from "./row-formats.ts";

export interface RowResponseOptions {
  slots: Slots;
  /** Identity of the caller, for the slots. */
  identityOf(request: Request): string;
  logger: Logger;
  /** Answers that are read in parts. */
  files: ResponseCache;
  /** Lets a connection be silent while its query runs. */
  keepOpen(request: Request): void;
  /** Ends a connection whose client reads nothing. */
  cutOff(request: Request): void;
  /** A response as the caller may see it. */
  shown<T>(value: T, request: Request): T;
  /** A client that reads nothing for this long is gone. */
  stallMs?: number;
}

/** The key of the request. */
export interface RowRequest {
  request: Request;
  format: RowFormat;
  /** Version of the data: the parts of one response are of one version. */
  version(): Promise<string>;
  /** Runs the query. */
  work(signal: AbortSignal): Promise<EncodedResult>;
}

/** What fails before so much of an answer was made is answered with its status and its reason. */
const HOLD_BYTES = 4 * 1024 * 1024;
const STALL_MS = 60_000;

/**
 * Answers with the rows that a query gives, in a format, as they are read. The query is stopped when the connection
 * closes; an error behind the first bytes cuts the connection, so that nobody takes what is there for the whole. A
 * HEAD, or a GET of a part, which some libraries send for a URL, is answered from a file.
 */
export async function respondWithRows(asked: RowRequest, options: RowResponseOptions): Promise<Response> {
  const { request } = asked;
  refuseForeignPage(request);
  options.keepOpen(request);
  const inParts = request.method === "HEAD" || (request.method === "GET" && request.headers.has("range"));
  return inParts ? respondFromCache(asked, options) : respondStreaming(asked, options);
}

async function respondStreaming(
  { request, format, work }: RowRequest,
  { slots, identityOf, logger, cutOff, shown, stallMs = STALL_MS }: RowResponseOptions,
): Promise<Response> {
  const stop = new AbortController();
  const onGone = () => stop.abort();
  request.signal.addEventListener("abort", onGone, { once: true });
  let free = () => {};
  const end = () => {
    request.signal.removeEventListener("abort", onGone);
    free();
  };
  try {
    if (request.signal.aborted) stop.abort();
    free = await slots.take(stop.signal, identityOf(request));
    const result = await work(stop.signal);
    const encode = await loadEncoder(format);
    const chunks = await bufferStart(encode(result), HOLD_BYTES);
    const body = streamOf(chunks, {
      stallMs,
      stop: () => stop.abort(),
      stall: () => {
        stop.abort();
        cutOff(request);
      },
      end,
      fail: (error) => {
        const known = toAppError(error);
        const { code, message } = known;
        if (code !== "cancelled")
          logger.warn("a response was cut off", { url: pathOf(request), code, message });
        return format === "arrow" && wantsDescription(request)
          ? encodeFailure(failureError(shown(known.toDocument().error, request)))
          : undefined;
      },
    });
    const { engine, matchCount, generation } = result;
    const facts = {
      "x-engine": engine,
      ...(matchCount !== undefined && { "x-row-count": String(matchCount) }),
      ...(generation !== undefined && { "x-catalog-generation": String(generation) }),
    };
    return new Response(body, { headers: { ...headersOf(format), ...facts } });
  } catch (error) {
    stop.abort();
    end();
    throw error;
  }
}

async function respondFromCache(
  { request, format, version, work }: RowRequest,
  { slots, identityOf, files }: RowResponseOptions,
): Promise<Response> {
  const { pathname, search } = new URL(request.url);
  const key = [await version(), format, pathname, search].join("\n");
  const file = await files.take(key, request.signal, async function* (signal) {
    const free = await slots.take(signal, identityOf(request));
    try {
      const encode = await loadEncoder(format);
      yield* encode(await work(signal));
    } finally {
      free();
    }
  });
  const { path, sizeBytes, etag } = file;
  const headers = { ...headersOf(format), etag };
  if (request.method === "HEAD") {
    return new Response(null, { headers: { ...headers, "content-length": String(sizeBytes) } });
  }
  const range = parseRange(request.headers.get("range"), sizeBytes);
  if (range === "unsatisfiable") {
    return new Response(null, {
      status: 416,
      headers: { ...headers, "content-range": `bytes */${sizeBytes}` },
    });
  }
  const { start, end } = range ?? { start: 0, end: sizeBytes };
  const part = Bun.file(path).slice(start, end).stream();
  const length = { "content-length": String(end - start) };
  if (range === undefined) return new Response(part, { headers: { ...headers, ...length } });
  const contentRange = `bytes ${start}-${end - 1}/${sizeBytes}`;
  return new Response(part, {
    status: 206,
    headers: { ...headers, ...length, "content-range": contentRange },
  });
}

function headersOf(format: RowFormat): Record<string, string> {
  const [type] = mediaTypes(format);
  return {
    "content-type": format === "csv" ? `${type}; charset=utf-8; header=present` : type,
    "accept-ranges": "bytes",
    vary: "accept",
    "cache-control": "no-store",
  };
}

interface StreamEvents {
  stallMs: number;
  /** Its reader has gone. */
  stop(): void;
  /** Its reader has taken nothing for long. */
  stall(): void;
  end(): void;
  /** Returns the last bytes of a response that states why it ends; any other is cut off. */
  fail(error: unknown): Uint8Array | undefined;
}

function streamOf(
  chunks: AsyncIterableIterator<Uint8Array>,
  { stallMs, stop, stall, end, fail }: StreamEvents,
): ReadableStream<Uint8Array> {
  let stalled: ReturnType<typeof setTimeout> | undefined;
  const watch = () => {
    stalled = setTimeout(() => {
      stall();
      void close();
    }, stallMs);
  };
  const close = async () => {
    clearTimeout(stalled);
    await chunks.return?.();
    end();
  };
  return new ReadableStream<Uint8Array>(
    {
      pull: async (controller) => {
        clearTimeout(stalled);
        try {
          const { done, value } = await chunks.next();
          if (done) {
            await close();
            controller.close();
          } else {
            controller.enqueue(value);
            watch();
          }
        } catch (error) {
          const last = fail(error);
          end();
          if (last === undefined)
            controller.error(); // without the error, which the runtime would print
          else {
            controller.enqueue(last);
            controller.close();
          }
        }
      },
      cancel: async () => {
        stop();
        await close();
      },
    },
    { highWaterMark: 0 },
  );
}

/** A page of another site can make a browser send a query here, though not read the answer. */
function refuseForeignPage(request: Request): void {
  if (request.headers.get("sec-fetch-site") !== "cross-site") return;
  throw new AppError("forbidden", "pages of other sites may not query this server; call it from a program");
}

function pathOf(request: Request): string {
  return new URL(request.url).pathname;
}
