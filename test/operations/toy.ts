import * as v from "valibot";
import { defineOperation } from "../../src/operations/operation.ts";

/** Counts, slowly: an operation in one file, as a new one is. */
export const COUNT = defineOperation({
  name: "count",
  summary: "Counts up to a number",
  noun: ["count", "counts"],
  request: v.strictObject({ to: v.pipe(v.number(), v.integer(), v.minValue(0)) }),
  progress: v.object({ done: v.number(), total: v.number() }),
  result: v.object({ counted: v.number(), lake: v.string() }),
  role: "curator",
  queue: { running: 1, waiting: 2 },
  background: true,
  isolated: true,
  served: { by: "id", kept: { newest: 3 }, visibleTo: "owner" },
  run: async ({ to }, { lake, signal, report }) => {
    for (let done = 1; done <= to; done++) {
      signal.throwIfAborted();
      report({ done, total: to });
    }
    return { result: { counted: to, lake: lake.root } };
  },
});
