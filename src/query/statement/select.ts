import { AppError } from "../../errors.ts";
import type { SqlLimits, TableResult } from "../../schema/query.ts";
import { oneSelect } from "./one-select.ts";
import { rowsToBatches, sizeOf } from "./rows.ts";
import type { StatementRunner } from "./statements.ts";
import { duckdbType } from "./types.ts";

/**
 * Runs one read-only statement of a user within limits; exceeding one stops it in the engine. Throws
 * `invalid_sql`, and `timeout` and `too_large`, also while rows are read.
 */
export async function runOneSelect(
  runner: StatementRunner,
  text: string,
  limits: SqlLimits,
  signal: AbortSignal | undefined,
): Promise<TableResult> {
  const sql = oneSelect(text);
  const stopper = new AbortController();
  const timer = setTimeout(() => stopper.abort(tooLong(limits)), limits.timeoutMs);
  timer.unref(); // an unread result must not keep the process alive
  const either = signal === undefined ? stopper.signal : AbortSignal.any([signal, stopper.signal]);
  const told = (error: unknown): unknown => {
    if (stopper.signal.aborted && !signal?.aborted) return stopper.signal.reason;
    const missing = error instanceof AppError && error.code === "not_found";
    return missing
      ? new AppError("invalid_sql", error.message, { details: error.details ?? {}, cause: error })
      : error;
  };
  try {
    const result = await runner.run(sql, { signal: either, limits });
    const columns = result.columns.map(({ name, type }) => ({ name, type: duckdbType(type) }));
    const { arrowSchema } = await import("../arrow/types.ts");
    const schema = arrowSchema(columns);
    const batches = async function* () {
      try {
        yield* rowsToBatches(schema, countRows(result.rows, limits));
      } catch (error) {
        throw told(error);
      } finally {
        clearTimeout(timer);
      }
    };
    return { columns, schema, batches: batches(), stats: result.stats };
  } catch (error) {
    clearTimeout(timer);
    throw told(error);
  }
}

function tooLong({ timeoutMs }: SqlLimits): AppError {
  return new AppError(
    "timeout",
    `the query took longer than ${timeoutMs / 1000} s and was stopped; select less, or raise sql.timeout_s`,
    { details: { timeout_ms: timeoutMs } },
  );
}

/** Ending the iteration early stops the statement. */
async function* countRows(
  rows: AsyncIterable<unknown[]>,
  { maxRows, maxBytes }: SqlLimits,
): AsyncGenerator<unknown[]> {
  let rowCount = 0;
  let sizeBytes = 0;
  for await (const row of rows) {
    rowCount++;
    sizeBytes += sizeOf(row);
    if (rowCount > maxRows || sizeBytes > maxBytes) {
      const limit =
        rowCount > maxRows ? `${maxRows} rows (sql.max_rows)` : `${maxBytes} bytes (sql.max_bytes)`;
      throw new AppError(
        "too_large",
        `the query gives more than ${limit}; add a LIMIT, or raise the setting`,
        {
          details: { max_rows: maxRows, max_bytes: maxBytes },
        },
      );
    }
    yield row;
  }
}
