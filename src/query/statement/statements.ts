import type { Column } from "../../schema/columns.ts";
import type { QueryStats, SqlLimits, TableResult } from "../../schema/query.ts";

/** Runs Trino SQL statements in an engine. An aborted signal stops the statement there. */
export interface StatementRunner {
  readonly name: "athena" | "trino";
  /** Quoted, qualified names of the two tables. */
  readonly tables: { catalog: string; partitions: string };
  /** Their location in `information_schema`: the catalog quoted, the rest unquoted. */
  readonly names: { catalog: string; schema: string; table: string };
  /**
   * Runs one statement; resolves when its columns are known. Throws `invalid_sql` for a rejected statement,
   * `not_found` for a missing table or schema, `unauthorized`, `server_unreachable`, `timeout`, `cancelled`,
   * otherwise `engine_failed`.
   */
  run(sql: string, options?: StatementOptions): Promise<StatementResult>;
  /** Runs a large SELECT; Arrow batches of the planned `columns` (DuckDB types). Throws as `run` does. */
  select(sql: string, columns: readonly Column[], options?: StatementOptions): Promise<TableResult>;
  /** Stops running statements. Idempotent. */
  close(): void;
}

export interface StatementOptions {
  signal?: AbortSignal | undefined;
  /** Limits for the engine to enforce; the reader counts the rows. */
  limits?: SqlLimits | undefined;
}

export interface StatementResult {
  /** `type` is the engine's name: `timestamp(6)`, `array(varchar)`. */
  columns: { name: string; type: string }[];
  /**
   * Streamed rows in column order; iterate once. bigint, decimal, date, time and timestamp as text, varbinary
   * as Uint8Array, other numbers and booleans as such, lists as arrays, rows and maps as objects, and null.
   */
  rows: AsyncIterable<unknown[]>;
  /** Complete when the rows have been read. */
  stats: QueryStats;
}
