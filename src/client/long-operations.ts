import type { AssetsClient, CatalogClient, OperationsClient } from "./lake-client.ts";

/** Rebuilds the catalog of a lake whose operations these are. */
export function rebuildBy(operations: OperationsClient): CatalogClient["rebuild"] {
  return async ({ full, signal, onStep }) => {
    const { REBUILD } = await import("../operations/rebuild/operation.ts");
    const onProgress = ({ step }: { step: string }) => onStep?.(step);
    return (await operations.run(REBUILD, { full }, { signal, onProgress })).result;
  };
}

/** Verifies assets; what a server wrote as a report is saved by `saveReport`. */
export function verifyBy(
  operations: OperationsClient,
  saveReport?: (id: string, path: string) => Promise<void>,
): AssetsClient["verify"] {
  return async (request, { signal, onProgress, report, concurrency }) => {
    const { VERIFY } = await import("../operations/verify/operation.ts");
    const local = { report, concurrency };
    const { result, id } = await operations.run(VERIFY, request, { signal, onProgress, local });
    if (report !== undefined && id !== undefined) await saveReport?.(id, report);
    return result;
  };
}
