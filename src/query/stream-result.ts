import type { DuckDBConnection, DuckDBDataChunk, DuckDBResult, DuckDBValue } from "@duckdb/node-api";
import { AppError } from "../errors.ts";

/** duckdb_result_type of a failed result (duckdb.h). */
const INVALID = 0;

/**
 * Starts a query and streams its chunks. The library ends a query that fails midway (interrupt, out of
 * memory, failed cast) as if it were complete and hides the reason; only the result type reveals it. Here
 * `fetchChunk` then throws `engine_failed`.
 */
export async function streamResult(
  connection: DuckDBConnection,
  sql: string,
  values?: DuckDBValue[],
): Promise<DuckDBResult> {
  const result = await connection.stream(sql, values);
  const fetchChunk = result.fetchChunk.bind(result);
  let ended = false;
  result.fetchChunk = async () => {
    if (ended) return null; // the library fails if asked again after the end
    const chunk = await fetchChunk();
    ended = chunk === null || chunk.rowCount === 0;
    if (ended && result.returnType === INVALID) throw cutShort();
    return chunk;
  };
  return result;
}

/** Non-empty chunks of a streamed result. `fetch` allows callers to time or interrupt the calls. */
export async function* chunksOf(
  result: DuckDBResult,
  fetch: () => Promise<DuckDBDataChunk | null> = () => result.fetchChunk(),
): AsyncGenerator<DuckDBDataChunk> {
  for (;;) {
    const chunk = await fetch();
    if (chunk === null || chunk.rowCount === 0) return;
    yield chunk;
  }
}

function cutShort(): AppError {
  return new AppError(
    "engine_failed",
    "DuckDB stopped in the middle of a result; it may have run out of memory (database.memory), or a value is unreadable",
    { details: { cut_short: true } },
  );
}

/** Whether a result ended early for an unknown reason. */
export function isCutShort(error: unknown): boolean {
  return error instanceof AppError && error.details?.cut_short === true;
}
