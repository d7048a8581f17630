import * as v from "valibot";
import {
  AssetFindingSchema,
  emptyVerifyProgress,
  type Verification,
  VerificationSchema,
  VerifyProgressSchema,
  VerifyRequestSchema,
  VerifySummarySchema,
} from "../../schema/verification.ts";
import { formatQuantity } from "../../util/format.ts";
import { defineOperation, type OperationRoutes } from "../operation.ts";
import { CONCURRENCY, type VerifyLocal } from "./local.ts";

/** Counts so far and the new findings. */
const ProgressSchema = v.object({ ...VerifyProgressSchema.entries, findings: v.array(AssetFindingSchema) });
const ResultSchema = v.object({ summary: VerifySummarySchema, findings: v.array(AssetFindingSchema) });

/** Of the last check. */
const KEPT_FINDINGS = 20;

/** The public routes and documents use the word validations. */
const routes: OperationRoutes = {
  start: "/validate-assets",
  item: "/validations",
  idPrefix: "v",
  idName: "validation_id",
  remove: "stop",
  document: VerificationSchema,
  toDocument: ({ operation: _operation, id, result, progress, files: _, ...state }) => {
    const { findings = [], ...counts } = (progress ?? emptyVerifyProgress()) as Partial<
      v.InferOutput<typeof ProgressSchema>
    >;
    const ended = result as v.InferOutput<typeof ResultSchema> | null;
    return {
      validation_id: id,
      ...state,
      progress: counts,
      summary: ended?.summary ?? null,
      findings: ended?.findings ?? findings,
    };
  },
  fromDocument: ({ validation_id: id, progress, summary, findings, ...state }: Verification) => ({
    ...state,
    operation: "verify",
    id,
    progress: { ...progress, findings },
    result: summary === null ? null : { summary, findings },
    files: [],
  }),
};

/** Checks that assets exist and are intact. */
export const VERIFY = defineOperation({
  name: "verify",
  summary: "Checks that the assets of the selected partitions are present and intact",
  command: "assets verify",
  noun: ["check of assets", "checks of assets"],
  request: VerifyRequestSchema,
  progress: ProgressSchema,
  result: ResultSchema,
  role: "curator",
  queue: { running: 1, waiting: 10 },
  background: true,
  isolated: true,
  served: { by: "id", kept: { newest: 20 }, visibleTo: "everybody", routes },
  merge: (before, next) => ({ ...next, findings: [...(before?.findings ?? []), ...next.findings] }),
  keepsLast: ({ summary, findings }) => ({ summary, findings: findings.slice(0, KEPT_FINDINGS) }),
  inFolder: (reportFolder): VerifyLocal => ({ reportFolder }),
  environment: (local) => ({ UV_THREADPOOL_SIZE: String(Math.max(4, local?.concurrency ?? CONCURRENCY)) }),
  exit: ({ summary }) => (summary.missing + summary.corrupt > 0 ? 3 : 0),
  describe: ({ summary }) => formatQuantity(summary.partitions, "partition"),
  run: async (request, tools) => (await import("./run.ts")).runVerification(request, tools),
});
