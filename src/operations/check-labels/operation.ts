import {
  LabelCheckProgressSchema,
  LabelCheckRequestSchema,
  LabelCheckSchema,
  labelCheckExit,
} from "../../schema/label-check.ts";
import { formatQuantity } from "../../util/format.ts";
import { defineOperation } from "../operation.ts";
import type { ReportLocal } from "../report.ts";

/** Validates labels against their view. */
export const CHECK_LABELS = defineOperation({
  name: "check-labels",
  summary: "Checks that the labels of the selected rows fit the view of their task",
  command: "view check",
  noun: ["check of labels", "checks of labels"],
  request: LabelCheckRequestSchema,
  progress: LabelCheckProgressSchema,
  result: LabelCheckSchema,
  role: "reader",
  queue: { running: 2, waiting: 10 },
  background: true,
  isolated: false,
  served: { by: "id", kept: { newest: 20 }, visibleTo: "owner" },
  inFolder: (reportFolder): ReportLocal => ({ reportFolder }),
  exit: ({ summary }) => labelCheckExit(summary),
  describe: ({ summary }) => formatQuantity(summary.labels, "label"),
  run: async (request, tools) => (await import("./run.ts")).runLabelCheck(request, tools),
});
