import { join } from "node:path";
import * as v from "valibot";
import { AppError, toAppError } from "../errors.ts";
import { openDatabase } from "../query/database.ts";
import {
  AssetCheckProgressSchema,
  AssetCheckRequestSchema,
  AssetCheckSummarySchema,
  AssetFindingSchema,
  SHOWN_FINDINGS,
} from "../schema/asset-check.ts";
import { executeAssetCheck } from "./asset-check.ts";
import { createFileProbe } from "./asset-check-file.ts";
import { type AssetReport, openReport } from "./asset-check-report.ts";
import { ChildLakeSchema, type OrderTools, obeyOrder } from "./order-child.ts";

/** What the child is told, one JSON line on its stdin, whose end means: stop. */
export const CheckOrderSchema = v.object({
  lake: ChildLakeSchema,
  request: v.object({ ...AssetCheckRequestSchema.entries, sample: v.optional(v.number()) }),
  concurrency: v.number(),
  /** Local folder for what the database spills. */
  scratch: v.string(),
  memory: v.string(),
  reports: v.array(v.string()),
});
export type CheckOrder = v.InferInput<typeof CheckOrderSchema>;

/** What it says, one JSON object a line. */
export const CheckMessageSchema = v.variant("type", [
  v.object({ type: v.literal("progress"), progress: AssetCheckProgressSchema }),
  v.object({ type: v.literal("finding"), finding: AssetFindingSchema }),
  v.object({ type: v.literal("done"), summary: AssetCheckSummarySchema }),
]);
export type CheckMessage = v.InferOutput<typeof CheckMessageSchema>;

const DATABASE_THREADS = 2;

/** The hidden command: checks assets as told on stdin, in a process of its own, so that it costs no server its time. */
export function runAssetCheckChild(
  input: AsyncIterable<Uint8Array>,
  write: (line: string) => void,
): Promise<number> {
  return obeyOrder<typeof CheckOrderSchema, CheckMessage>(
    input,
    write,
    CheckOrderSchema,
    async (order, tools) => {
      const reports: AssetReport[] = [];
      try {
        for (const path of order.reports)
          reports.push(await openReport(path).catch((error) => refuse(path, error)));
        return { type: "done", summary: await check(order, reports, tools) };
      } catch (error) {
        for (const report of reports) await report.discard();
        throw error;
      }
    },
  );
}

async function check(
  { lake, scratch, memory, concurrency, request }: v.InferOutput<typeof CheckOrderSchema>,
  reports: readonly AssetReport[],
  { signal, say }: OrderTools<CheckMessage>,
) {
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
