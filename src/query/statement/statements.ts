import type { Column } from "../../schema/columns.ts";
import type { QueryStats, SqlLimits, TableResult } from "../../schema/query.ts";

/** Runs statements at an engine that speaks Trino's SQL. An aborted signal stops the statement at the engine. */
export interface StatementRunner {
  readonly name: "athena" | "trino";
  /** The names of the two tables as the engine knows them, quoted and qualified. */
  readonly tables: { catalog: string; partitions: string };
  /** Where `information_schema` lists them: the catalog as it stands in SQL, the rest as plain names. */
  readonly names: { catalog: string; schema: string; table: string };
  /**
   * Runs one statement, and answers when its columns are known. Throws `invalid_sql` for a statement that the engine
   * refuses, `not_found` for a table or schema that is not there, `unauthorized`, `server_unreachable`, `timeout`,
   * `cancelled`, and `engine_failed` for the rest.
   */
  run(sql: string, options?: StatementOptions): Promise<StatementResult>;
  /**
   * Runs a SELECT whose rows may be many, given as Arrow batches of `columns`: those that the caller planned, in order,
   * DuckDB types. Throws as `run` does.
   */
  select(sql: string, columns: readonly Column[], options?: StatementOptions): Promise<TableResult>;
  /** Stops what still runs. May be called several times. */
  close(): void;
}

export interface StatementOptions {
  signal?: AbortSignal | undefined;
  /** For what the engine itself can hold a statement to; whoever reads the rows counts them. */
  limits?: SqlLimits | undefined;
}

export interface StatementResult {
  /** `type` is the engine's own name: `timestamp(6)`, `array(varchar)`. */
  columns: { name: string; type: string }[];
  /**
   * Rows in order of the columns, streamed, may be iterated once: bigint, decimal, date, time and timestamp as text,
   * varbinary as Uint8Array, other numbers and booleans as such, lists as arrays, rows and maps as objects, and null.
   */
  rows: AsyncIterable<unknown[]>;
  /** Complete when the rows have been read. */
  stats: QueryStats;
}
