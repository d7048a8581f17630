import type { ExportRequest, ExportResult } from "../export/export.ts";
import type { QueryEngine } from "../query/engine.ts";
import type { EngineName } from "../schema/query.ts";
import { formatBytes, formatQuantity } from "../util/format.ts";
import type { Effects } from "./command.ts";
import { remoteUrl } from "./remote.ts";

/** Writes the rows with a bar of progress, and says what was written. */
export async function downloadRows(
  request: ExportRequest,
  engine: QueryEngine,
  effects: Effects,
): Promise<void> {
  const { terminal } = effects;
  const url = remoteUrl(effects);
  const result =
    url === undefined
      ? await downloadHere(request, engine, effects)
      : await downloadThere(url, request, engine.name, effects);
  terminal.result(result, () => {
    const left =
      result.missing > 0 ? `, ${formatQuantity(result.missing, "row")} without their image left out` : "";
    return `${formatQuantity(result.rows, "row")} (${formatBytes(result.bytes)}) in ${result.output}${left}`;
  });
}

async function downloadHere(
  request: ExportRequest,
  engine: QueryEngine,
  effects: Effects,
): Promise<ExportResult> {
  const { terminal, signal, settings } = effects;
  // A remote engine has the rows, but not the images.
  const needed = engine.name === "duckdb" || settings.location !== undefined || request.images !== "none";
  const lake = needed ? await effects.openLake() : undefined;
  const { exportRows } = await import("../export/export.ts");
  const bar = terminal.progress("download", { unit: "rows" });
  let total = 0;
  return exportRows(request, {
    lake,
    engine,
    signal,
    onStart: (rowCount) => {
      total = rowCount;
    },
    onProgress: (done) => bar.update({ done, total }),
  }).finally(() => bar.finish());
}

/** Through the server: first it puts the rows together, then the files come. */
async function downloadThere(
  url: string,
  request: ExportRequest,
  engine: EngineName,
  { terminal, signal, settings }: Effects,
): Promise<ExportResult> {
  const { downloadFrom } = await import("../client/exports.ts");
  let bar = terminal.progress("download", { unit: "rows" });
  let isFetching = false;
  return downloadFrom(request, {
    url,
    token: settings.token,
    engine,
    signal,
    onRows: (done, total) => bar.update({ done, total }),
    onBytes: (done, total) => {
      if (!isFetching) {
        isFetching = true;
        bar.finish();
        bar = terminal.progress("download", { unit: "bytes" });
      }
      bar.update({ done, total });
    },
  }).finally(() => bar.finish());
}
