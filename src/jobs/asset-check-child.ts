import { join } from "node:path";
import * as v from "valibot";
import { AppError, toAppError } from "../errors.ts";
import { describeLake } from "../lake/lake.ts";
import { openDatabase } from "../query/database.ts";
import {
  AssetCheckProgressSchema,
  AssetCheckRequestSchema,
  AssetCheckSummarySchema,
  AssetFindingSchema,
  SHOWN_FINDINGS,
} from "../schema/asset-check.ts";
import { readLines } from "../util/lines.ts";
import { executeAssetCheck } from "./asset-check.ts";
import { createFileProbe } from "./asset-check-file.ts";
import { type AssetReport, openReport } from "./asset-check-report.ts";

/** What the child is told, one JSON line on its stdin, whose end means: stop. */
export const CheckOrderSchema = v.object({
  lake: v.object({
    root: v.string(),
    modes: v.object({ folder: v.number(), file: v.number(), asset: v.number() }),
  }),
  request: v.object({ ...AssetCheckRequestSchema.entries, sample: v.optional(v.number()) }),
  concurrency: v.number(),
  /** Local folder for what the database spills. */
  scratch: v.string(),
  memory: v.string(),
  reports: v.array(v.string()),
});
export type CheckOrder = v.InferOutput<typeof CheckOrderSchema>;

/** What it says, one JSON object a line. */
export const CheckMessageSchema = v.variant("type", [
  v.object({ type: v.literal("progress"), progress: AssetCheckProgressSchema }),
  v.object({ type: v.literal("finding"), finding: AssetFindingSchema }),
  v.object({ type: v.literal("done"), summary: AssetCheckSummarySchema }),
  v.object({
    type: v.literal("broken"),
    error: v.object({
      code: v.string(),
      message: v.string(),
      details: v.optional(v.record(v.string(), v.unknown())),
    }),
  }),
]);
export type CheckMessage = v.InferOutput<typeof CheckMessageSchema>;

const DATABASE_THREADS = 2;

/** The hidden command: checks assets as told on stdin, in a process of its own, so that it costs no server its time. */
export async function runAssetCheckChild(
  input: AsyncIterable<Uint8Array>,
  write: (line: string) => void,
): Promise<number> {
  const say = (message: CheckMessage) => write(`${JSON.stringify(message)}\n`);
  const lines = readLines(input);
  const { value: line } = await lines.next();
  const order = v.parse(v.pipe(v.string(), v.parseJson(), CheckOrderSchema), line);
  const stop = new AbortController();
  const listen = async () => {
    await lines.next();
    stop.abort();
  };
  void listen();
  const reports: AssetReport[] = [];
  try {
    for (const path of order.reports)
      reports.push(await openReport(path).catch((error) => refuse(path, error)));
    say({ type: "done", summary: await check(order, reports, stop.signal, say) });
    return 0;
  } catch (error) {
    for (const report of reports) await report.discard();
    say({ type: "broken", error: toAppError(error).toDocument().error });
    return 1;
  }
}

async function check(
  order: CheckOrder,
  reports: readonly AssetReport[],
  signal: AbortSignal,
  say: (message: CheckMessage) => void,
) {
  const { scratch, memory, concurrency, request } = order;
  const lake = describeLake(order.lake.root, order.lake.modes);
  const database = await openDatabase({
    scratch: join(scratch, "checks"),
    memory,
    threads: DATABASE_THREADS,
  });
  let shown = 0;
  try {
    const summary = await executeAssetCheck(request, {
      lake,
      database,
      concurrency,
      probe: createFileProbe(lake),
      signal,
      onProgress: (progress) => say({ type: "progress", progress }),
      onFinding: async (finding) => {
        for (const report of reports) await report.add(finding);
        if (shown++ < SHOWN_FINDINGS) say({ type: "finding", finding });
      },
    });
    for (const report of reports) await report.finish(summary);
    return summary;
  } finally {
    database.close();
  }
}

function refuse(path: string, cause: unknown): never {
  const { code } = toAppError(cause);
  throw new AppError(code, `the report cannot be written to ${path}; choose another place`, {
    details: { path },
    cause,
  });
}
