import type { LakeClient, ViewsClient } from "./lake-client.ts";

/** Views of a lake by its engine and operations; what a server wrote as a report is saved by `saveReport`. */
export function viewsBy(
  { engine, operations, assets }: Pick<LakeClient, "engine" | "operations" | "assets">,
  saveReport?: (id: string, path: string) => Promise<void>,
): ViewsClient {
  return {
    detect: async (selection, options) => {
      const { detectViewOf } = await import("./detect-view.ts");
      return detectViewOf({ engine, assets }, selection, options);
    },
    check: async (request, { signal, onProgress, report }) => {
      const { CHECK_LABELS } = await import("../operations/check-labels/operation.ts");
      const { result, id } = await operations.run(CHECK_LABELS, request, {
        signal,
        onProgress,
        local: { report },
      });
      if (report !== undefined && id !== undefined) await saveReport?.(id, report);
      return result;
    },
  };
}
