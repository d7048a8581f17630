import * as v from "valibot";
import { CompareRequestSchema, CompareResultSchema } from "../../schema/label-compare.ts";
import { defineOperation } from "../operation.ts";

/** Compares two label variants page by page and counts the differences. */
export const COMPARE = defineOperation({
  name: "compare",
  summary: "Compares two variants of labels: missing and extra regions, changed texts, categories and order",
  noun: ["comparison of labels", "comparisons of labels"],
  request: CompareRequestSchema,
  progress: v.object({ rows_done: v.number(), rows_total: v.number() }),
  result: CompareResultSchema,
  role: "reader",
  queue: { running: 2, waiting: 10 },
  background: true,
  isolated: true,
  served: { by: "id", kept: { newest: 100 }, visibleTo: "everybody" },
  run: async (request, tools) => ({
    result: await (await import("./run.ts")).compareVariants(request, tools),
  }),
});
