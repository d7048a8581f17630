import * as v from "valibot";
import { RebuildResultSchema } from "../../schema/catalog-documents.ts";
import { defineOperation } from "../operation.ts";

/** Updates the catalog from the partitions. Indexing a large lake keeps a process busy for long. */
export const REBUILD = defineOperation({
  name: "rebuild",
  summary: "Updates the catalog from the partitions; with `full` rebuilds it",
  command: "catalog rebuild",
  noun: ["rebuild of the catalog", "rebuilds of the catalog"],
  request: v.strictObject({ full: v.optional(v.boolean(), false) }),
  progress: v.object({ step: v.string() }),
  result: RebuildResultSchema,
  role: "curator",
  queue: { running: 2, waiting: 8 },
  background: true,
  isolated: false,
  served: { by: "connection", path: "/catalog/rebuild" },
  exit: ({ failed }) => (failed.length > 0 ? 1 : 0),
  describe: ({ generation }) => `generation ${generation}`,
  run: async ({ full }, { lake, settings, logger, signal, report }) => {
    const { refreshCatalog } = await import("../../catalog/refresh.ts");
    const onStep = (step: string) => report({ step });
    return { result: await refreshCatalog({ lake, settings, full, logger, signal, onStep }) };
  },
});
