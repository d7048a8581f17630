import { afterEach, expect, test } from "bun:test";
import { type RecordBatch, Table, Utf8, vectorFromArray } from "apache-arrow";
import { AppError } from "../../src/errors.ts";
import { silentLogger } from "../../src/log.ts";
import type { EncodedResult } from "../../src/query/output/encoder.ts";
import { problem } from "../../src/server/problem.ts";
import { createSlots } from "../../src/server/query-slots.ts";
import { answerRows } from "../../src/server/row-answer.ts";

const [BATCH] = new Table({ text: vectorFromArray(["x".repeat(100_000)], new Utf8()) }).batches;

let stop = () => {};
afterEach(() => stop());

/** A server whose rows come from `batches`; its one slot shows whether a query has ended. */
function serve(batches: (signal: AbortSignal) => AsyncIterable<RecordBatch>) {
  const slots = createSlots(1, 50);
  const logger = { ...silentLogger, warnings: [] as string[] };
  logger.warn = (message) => logger.warnings.push(message);
  const keepOpen = () => {};
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
      return answerRows(request, "ndjson", { slots, logger, keepOpen }, work).catch(problem);
    },
  });
  stop = () => void server.stop(true);
  return {
    url: server.url,
    logger,
    isFree: () => slots.take(new AbortController().signal).then((free) => free()),
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
  const { url } = serve(async function* () {
    await held.promise;
    yield* repeat(1);
  });
  const answers = [fetch(url), fetch(url)];
  expect((await Promise.race(answers)).status).toBe(503);
  held.resolve();
  const statuses = (await Promise.all(answers)).map(({ status }) => status);
  expect(statuses.sort()).toEqual([200, 503]);
});
