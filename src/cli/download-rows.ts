import type { ExportRequest } from "../export/export.ts";
import type { QueryEngine } from "../query/engine.ts";
import { formatBytes, formatQuantity } from "../util/format.ts";
import type { Effects } from "./command.ts";

/** Writes the rows with a bar of progress, and says what was written. */
export async function downloadRows(
  request: ExportRequest,
  engine: QueryEngine,
  effects: Effects,
): Promise<void> {
  const { terminal, signal, settings } = effects;
  // A remote engine has the rows, but not the images.
  const needed = engine.name === "duckdb" || settings.lake !== undefined || request.images !== "none";
  const lake = needed ? await effects.openLake() : undefined;
  const { exportRows } = await import("../export/export.ts");
  const bar = terminal.progress("download", { unit: "rows" });
  let total = 0;
  const result = await exportRows(request, {
    lake,
    engine,
    signal,
    onStart: (rowCount) => {
      total = rowCount;
    },
    onProgress: (done) => bar.update({ done, total }),
  }).finally(() => bar.finish());
  terminal.result(result, () => {
    const left =
      result.missing > 0 ? `, ${formatQuantity(result.missing, "row")} without their image left out` : "";
    return `${formatQuantity(result.rows, "row")} (${formatBytes(result.bytes)}) in ${result.output}${left}`;
  });
}
