import type { Column } from "../schema/columns.ts";
import type { EngineName } from "../schema/engines.ts";
import type { Selection } from "../schema/partition.ts";
import type { PartitionCount, RowQuery, RowResult, SqlLimits, TableResult } from "../schema/query.ts";

/**
 * Where queries are answered. Every engine gives the same rows for the same query, in the same order. A signal stops
 * the query at the engine, and the call or the iteration fails with `cancelled`.
 */
export interface QueryEngine {
  readonly name: EngineName;
  /** Every selected partition with its number of rows, sorted; from the catalog, without reading rows. */
  retrievePartitions(selection?: Selection, signal?: AbortSignal): Promise<PartitionCount[]>;
  /**
   * Rows of the selected partitions, sorted by partition, within one in stored order, with only the columns that hold a
   * value somewhere in the selection (known from stored null counts). With a condition (`RowQuerySchema`) only those in
   * which the text stands, or that hold a value in the column or at the path: none is no error. Streams; throws
   * `not_found` when nothing is selected or no partition has the column, `usage` for a column that holds no text.
   */
  retrieveWithExistingCols(query: RowQuery, signal?: AbortSignal): Promise<RowResult>;
  /** The tables that `sql` may name. */
  listTables(signal?: AbortSignal): Promise<string[]>;
  /** Columns of a table in order; throws `not_found`. */
  getTableInfo(table: string, signal?: AbortSignal): Promise<Column[]>;
  /** One SELECT in the engine's own dialect, read-only, within limits. Throws `invalid_sql`, `too_large`, `timeout`. */
  sql(text: string, limits: SqlLimits, signal?: AbortSignal): Promise<TableResult>;
  /** May be called several times. */
  close(): void;
}
