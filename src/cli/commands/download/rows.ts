import { AppError } from "../../../errors.ts";
import type { ExportRequest } from "../../../export/export.ts";
import { describeSamples } from "../../../export/samples/describe-counts.ts";
import type { QueryEngine } from "../../../query/engine.ts";
import type { QueryStats, RowQuery } from "../../../schema/query.ts";
import { formatBytes, formatQuantity } from "../../../util/format.ts";
import type { Effects } from "../../arguments/command.ts";
import { countByWords, hintAtWords } from "../search/each-word.ts";

/** Writes the rows with a progress bar, and reports what was written. Gives the exit code: 3 for pages without their labels. */
export async function downloadRows(
  request: ExportRequest,
  engine: QueryEngine,
  effects: Effects,
): Promise<number> {
  const { terminal, signal } = effects;
  const lake = await effects.openClient();
  let bar = terminal.progress("download", { unit: "rows" });
  const startedMs = performance.now();
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
    .finally(() => bar.finish())
    .catch(async (error) => {
      const stats = { engineMs: performance.now() - startedMs };
      throw await explainNone(error, engine, request.query, stats, signal);
    });
  terminal.result(result, () => {
    const left =
      result.missing > 0 ? `, ${formatQuantity(result.missing, "row")} without an image left out` : "";
    const line = `${formatQuantity(result.rows, "row")} (${formatBytes(result.bytes)}) in ${result.output}${left}`;
    const held = result.samples === undefined ? (result.notes ?? []) : describeSamples(result.samples);
    return [line, ...held.map((text) => `  ${text}`)].join("\n");
  });
  return result.samples?.is_bare ? 3 : 0;
}

/** Where no row contains several words as one text, says what is found word by word. */
async function explainNone(
  error: unknown,
  engine: QueryEngine,
  query: RowQuery,
  stats: QueryStats,
  signal: AbortSignal,
): Promise<unknown> {
  if (!(error instanceof AppError) || error.code !== "not_found") return error;
  const count = await countByWords(engine, query, { matchCount: 0, stats }, signal).catch(() => undefined);
  if (count === undefined) return error;
  const message = `${error.message}; ${hintAtWords(count)}`;
  return new AppError(error.code, message, {
    ...(error.details && { details: error.details }),
    cause: error,
  });
}
