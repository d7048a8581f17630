import * as v from "valibot";
import { StatisticsSchema } from "../../schema/page-documents.ts";
import { RowQuerySchema } from "../../schema/query.ts";
import { defineOperation } from "../operation.ts";

/** Counts the contents of pages and labels. Reads every label that changed since it was counted. */
export const STATISTICS = defineOperation({
  name: "statistics",
  summary: "Counts what labels hold, then the selected rows by that and by size, format and fields",
  noun: ["count of labels", "counts of labels"],
  request: RowQuerySchema,
  progress: v.object({ rows_done: v.number(), rows_total: v.number() }),
  result: StatisticsSchema,
  role: "reader",
  queue: { running: 2, waiting: 10 },
  background: true,
  isolated: true,
  served: { by: "id", kept: { newest: 100 }, visibleTo: "everybody" },
  run: async (request, tools) => ({
    result: await (await import("./run.ts")).runStatistics(request, tools),
  }),
});
