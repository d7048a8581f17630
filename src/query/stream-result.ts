import type { DuckDBConnection, DuckDBDataChunk, DuckDBResult, DuckDBValue } from "@duckdb/node-api";
import { AppError } from "../errors.ts";

/** duckdb.h, duckdb_result_type: what a result becomes when it failed. */
const INVALID = 0;

/**
 * Starts a query whose chunks are read as they are made. The library ends one that fails on its way (an interrupt, a full
 * memory, a value that cannot be cast) as if it were complete, and keeps the reason for itself; only the type of the
 * result tells. Here `fetchChunk` throws `engine_failed` then.
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
    if (ended) return null; // to the library, one more after the end is a failure
    const chunk = await fetchChunk();
    ended = chunk === null || chunk.rowCount === 0;
    if (ended && result.returnType === INVALID) throw cutShort();
    return chunk;
  };
  return result;
}

/** The chunks of a streamed result, none of them empty. `fetch` is for who times or interrupts them. */
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

/** Whether a result ended before its end, for a reason that is not known. */
export function isCutShort(error: unknown): boolean {
  return error instanceof AppError && error.details?.cut_short === true;
}
