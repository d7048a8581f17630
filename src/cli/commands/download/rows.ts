import type { ExportRequest } from "../../../export/export.ts";
import type { QueryEngine } from "../../../query/engine.ts";
import { formatBytes, formatQuantity } from "../../../util/format.ts";
import type { Effects } from "../../arguments/command.ts";
import { describeSamples } from "./sample-text.ts";

/** Writes the rows with a progress bar, and reports what was written. */
export async function downloadRows(
  request: ExportRequest,
  engine: QueryEngine,
  effects: Effects,
): Promise<void> {
  const { terminal, signal } = effects;
  const lake = await effects.openClient();
  let bar = terminal.progress("download", { unit: "rows" });
  let isFetching = false;
  const onRows = (done: number, total: number) => bar.update({ done, total });
  // A server first prepares the rows, then the files are fetched.
  const onBytes = (done: number, total: number) => {
    if (!isFetching) {
      isFetching = true;
      bar.finish();
      bar = terminal.progress("download", { unit: "bytes" });
    }
    bar.update({ done, total });
  };
  const result = await lake
    .download(request, engine, { signal, onRows, onBytes })
    .finally(() => bar.finish());
  terminal.result(result, () => {
    const left =
      result.missing > 0 ? `, ${formatQuantity(result.missing, "row")} without an image left out` : "";
    const line = `${formatQuantity(result.rows, "row")} (${formatBytes(result.bytes)}) in ${result.output}${left}`;
    return [line, ...(result.samples ? describeSamples(result.samples) : [])].join("\n");
  });
}
