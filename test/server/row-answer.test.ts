import { afterAll, afterEach, expect, test } from "bun:test";
import { once } from "node:events";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type RecordBatch, Table, Utf8, vectorFromArray } from "apache-arrow";
import { AppError } from "../../src/errors.ts";
import { silentLogger } from "../../src/log.ts";
import type { EncodedResult } from "../../src/query/output/encoder.ts";
import { parseRange } from "../../src/server/http/byte-range.ts";
import { problem } from "../../src/server/http/problem.ts";
import { createResponseCache } from "../../src/server/http/response-cache.ts";
import { respondWithRows } from "../../src/server/http/row-response.ts";
import { createSlots } from "../../src/server/work/slots.ts";
import { until } from "./server-kit.ts";

const [BATCH] = new Table({ text: vectorFromArray(["x".repeat(100_000)], new Utf8()) }).batches;

const folder = await mkdtemp(join(tmpdir(), "datalake-answers-"));
afterAll(() => rm(folder, { recursive: true, force: true }));

let stop = () => {};
afterEach(() => stop());

/** A server whose rows come from `batches`; its one slot shows whether a query has ended. */
function serve(
  batches: (signal: AbortSignal) => AsyncIterable<RecordBatch>,
  { stallMs, waitMs }: { stallMs?: number; waitMs?: number } = {},
) {
  const places = { count: 1, perCaller: 1, maxWaiting: 9, ...(waitMs !== undefined && { waitMs }) };
  const slots = createSlots({ ...places, work: "1 query" });
  const logger = { ...silentLogger, warnings: [] as string[] };
  logger.warn = (message) => logger.warnings.push(message);
  const identityOf = () => "kim";
  const keepOpen = (request: Request) => server.timeout(request, 0);
  const cutOff = (request: Request) => server.timeout(request, 1);
  const files = createResponseCache(join(folder, "answers"));
  const server = Bun.serve({
    port: 0,
    error: () => new Response(),
    fetch: async (request) => {
      const work = async (signal: AbortSignal): Promise<EncodedResult> => ({
        engine: "duckdb",
        columns: [{ name: "text", type: "VARCHAR" }],
        schema: (BATCH as RecordBatch).schema,
        batches: batches(signal),
        stats: { engineMs: 1 },
      });
      const version = async () => "1";
      return respondWithRows(
        { request, format: "ndjson", version, work },
        {
          slots,
          identityOf,
          files,
          logger,
          keepOpen,
          cutOff,
          shown: (value) => value,
          ...(stallMs !== undefined && { stallMs }),
        },
      ).catch(problem);
    },
  });
  stop = () => void server.stop(true);
  return {
    files,
    url: server.url,
    logger,
    openCount: () => server.pendingRequests,
    isFree: () => slots.take(new AbortController().signal, "kim").then((free) => free()),
  };
}

async function* repeat(count: number, failing?: Error): AsyncGenerator<RecordBatch> {
  for (let at = 0; at < count; at++) yield BATCH as RecordBatch;
  if (failing) throw failing;
}

test("rows come whole and free their place", async () => {
  const { url, isFree } = serve(() => repeat(100));
  const text = await (await fetch(url)).text();
  expect(text.split("\n")).toHaveLength(101);
  await isFree();
});

test("an error before the first bytes has its status", async () => {
  const { url, isFree } = serve(() => repeat(10, new AppError("too_large", "too large")));
  const response = await fetch(url);
  expect(response.status).toBe(413);
  await response.text();
  await isFree();
});

test("an error behind them cuts the connection, for every client", async () => {
  const { url, logger, isFree } = serve(() => repeat(100, new AppError("too_large", "too large")));
  const response = await fetch(url);
  expect(response.status).toBe(200);
  expect(await response.text().catch(() => "cut")).toBe("cut");
  const curl = Bun.spawn(["curl", "-s", "-o", "/dev/null", String(url)]);
  expect(await curl.exited).not.toBe(0);
  expect(logger.warnings).toHaveLength(2);
  await isFree();
});

test("a closed connection stops the query, before its first row and after", async () => {
  for (const rowsBefore of [0, 100]) {
    const started = Promise.withResolvers<void>();
    const stopped = Promise.withResolvers<void>();
    const { url, isFree, logger } = serve(async function* (signal) {
      signal.addEventListener("abort", () => stopped.resolve());
      started.resolve();
      yield* repeat(rowsBefore);
      await stopped.promise;
      throw new AppError("cancelled", "cancelled");
    });
    const controller = new AbortController();
    const asking = fetch(url, { signal: controller.signal }).catch(() => undefined);
    await (rowsBefore > 0 ? asking : started.promise);
    controller.abort();
    await stopped.promise;
    await isFree();
    expect(logger.warnings).toEqual([]);
    stop();
  }
});

test("who finds no place in time is told", async () => {
  const held = Promise.withResolvers<void>();
  const { url } = serve(
    async function* () {
      await held.promise;
      yield* repeat(1);
    },
    { waitMs: 50 },
  );
  const answers = [fetch(url), fetch(url)];
  expect((await Promise.race(answers)).status).toBe(503);
  held.resolve();
  const statuses = (await Promise.all(answers)).map(({ status }) => status);
  expect(statuses.sort()).toEqual([200, 503]);
});

test("an answer is read in parts, from one query", async () => {
  let queries = 0;
  const { url, files, isFree } = serve(() => {
    queries++;
    return repeat(20);
  });
  const whole = await (await fetch(url)).text();
  const head = await fetch(url, { method: "HEAD" });
  expect(head.headers.get("content-length")).toBe(String(whole.length));
  expect(head.headers.get("accept-ranges")).toBe("bytes");
  const part = (range: string) => fetch(url, { headers: { range } });
  const parts = await Promise.all(["bytes=0-9", "bytes=999990-", "bytes=-7"].map(part));
  const texts = await Promise.all(parts.map((response) => response.text()));
  expect(parts.map(({ status }) => status)).toEqual([206, 206, 206]);
  expect(texts).toEqual([whole.slice(0, 10), whole.slice(999_990), whole.slice(-7)]);
  expect(parts[0]?.headers.get("content-range")).toBe(`bytes 0-9/${whole.length}`);
  expect(new Set([head, ...parts].map(({ headers }) => headers.get("etag"))).size).toBe(1);
  expect((await part("bytes=99999999-")).status).toBe(416);
  expect(await (await part("bytes=0-1,3-4")).text()).toBe(whole);
  expect(queries).toBe(2);
  await isFree();
  expect(await readdir(join(folder, "answers"))).toHaveLength(1);
  await files.close();
  expect(await readdir(folder)).toEqual([]);
});

test("a reader that takes nothing is cut off, and its query stopped", async () => {
  const { url, openCount, isFree } = serve(() => repeat(1000), { stallMs: 50 });
  const socket = connect(Number(url.port), "127.0.0.1", () =>
    socket.write("GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"),
  );
  await once(socket, "data");
  socket.pause();
  expect(openCount()).toBe(1);
  await until(async () => openCount() === 0);
  await isFree();
  socket.destroy();
});

test("an answer in parts that fails is told, leaves nothing, and is tried again", async () => {
  let failing = true;
  const { url, isFree, files } = serve(() =>
    repeat(20, failing ? new AppError("too_large", "x") : undefined),
  );
  expect((await fetch(url, { headers: { range: "bytes=0-1" } })).status).toBe(413);
  await isFree();
  failing = false;
  expect((await fetch(url, { headers: { range: "bytes=0-1" } })).status).toBe(206);
  expect(await readdir(join(folder, "answers"))).toHaveLength(1);
  await files.close();
});

test.each([
  [null, undefined],
  ["bytes=0-0", { start: 0, end: 1 }],
  ["bytes=5-", { start: 5, end: 10 }],
  ["bytes=5-99", { start: 5, end: 10 }],
  ["bytes=-3", { start: 7, end: 10 }],
  ["bytes=-99", { start: 0, end: 10 }],
  ["bytes=10-", "unsatisfiable"],
  ["bytes=-0", "unsatisfiable"],
  ["bytes=5-3", undefined],
  ["bytes=-", undefined],
  ["rows=0-1", undefined],
  ["bytes=0-1,2-3", undefined],
] as const)("the range %s of ten bytes", (header, range) => {
  expect(parseRange(header, 10)).toEqual(range as ReturnType<typeof parseRange>);
});
