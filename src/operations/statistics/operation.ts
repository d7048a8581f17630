import * as v from "valibot";
import { StatisticsSchema } from "../../schema/page-documents.ts";
import { RowQuerySchema } from "../../schema/query.ts";
import { defineOperation } from "../operation.ts";

/** Counts the contents of pages and labels. Reads every label, so its time grows with the selection. */
export const STATISTICS = defineOperation({
  name: "statistics",
  summary: "Counts pages, regions, texts, categories and scripts of the selected rows",
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
    result: await (await import("./run.ts")).countRows(request, tools),
  }),
});
