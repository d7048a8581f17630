import { AppError, toAppError } from "../errors.ts";
import type { Logger } from "../log.ts";
import type { EncodedResult } from "../query/output/encoder.ts";
import { loadEncoder, mediaTypes, type RowFormat } from "../query/output/formats.ts";
import { holdBack } from "../query/output/hold-back.ts";
import type { QuerySlots } from "./query-slots.ts";

export interface RowAnswerOptions {
  slots: QuerySlots;
  logger: Logger;
  /** Lets a connection be silent while its query runs. */
  keepOpen(request: Request): void;
}

/** What fails before so much of an answer was made is answered with its status and its reason. */
const HOLD_BYTES = 4 * 1024 * 1024;
/** Who takes nothing for so long has gone without a word. */
const STALL_MS = 60_000;

/**
 * Answers with the rows that `work` gives, in a format, as they are read. The query is stopped when the connection closes;
 * an error behind the first bytes cuts the connection, so that nobody takes what is there for the whole.
 */
export async function answerRows(
  request: Request,
  format: RowFormat,
  { slots, logger, keepOpen }: RowAnswerOptions,
  work: (signal: AbortSignal) => Promise<EncodedResult>,
): Promise<Response> {
  refuseForeignPage(request);
  keepOpen(request);
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
    free = await slots.take(stop.signal);
    const result = await work(stop.signal);
    const encode = await loadEncoder(format);
    const chunks = await holdBack(encode(result), HOLD_BYTES);
    const body = streamOf(chunks, {
      stall: () => stop.abort(),
      end,
      fail: (error) => {
        const { code, message } = toAppError(error);
        if (code !== "cancelled") logger.warn("an answer was cut", { url: pathOf(request), code, message });
      },
    });
    return new Response(body, { headers: headersOf(format, result) });
  } catch (error) {
    stop.abort();
    end();
    throw error;
  }
}

function headersOf(format: RowFormat, { engine, matchCount }: EncodedResult): Record<string, string> {
  const [type] = mediaTypes(format);
  return {
    "content-type": format === "csv" ? `${type}; charset=utf-8; header=present` : type,
    vary: "accept",
    "cache-control": "no-store",
    "x-engine": engine,
    ...(matchCount !== undefined && { "x-row-count": String(matchCount) }),
  };
}

interface StreamEvents {
  stall(): void;
  end(): void;
  fail(error: unknown): void;
}

function streamOf(
  chunks: AsyncIterableIterator<Uint8Array>,
  { stall, end, fail }: StreamEvents,
): ReadableStream<Uint8Array> {
  let stalled: ReturnType<typeof setTimeout> | undefined;
  const watch = () => {
    stalled = setTimeout(() => {
      stall();
      void close();
    }, STALL_MS);
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
          fail(error);
          end();
          controller.error(); // without the error, which the runtime would print
        }
      },
      cancel: async () => {
        stall();
        await close();
      },
    },
    { highWaterMark: 0 },
  );
}

/** A page of another site can make a browser send a query here, though not read the answer. */
function refuseForeignPage(request: Request): void {
  if (request.headers.get("sec-fetch-site") !== "cross-site") return;
  throw new AppError("forbidden", "a page of another site may not query this server; call it from a program");
}

function pathOf(request: Request): string {
  return new URL(request.url).pathname;
}
