import type { Column } from "../schema/columns.ts";
import type { EngineName } from "../schema/engines.ts";
import type { Selection } from "../schema/partition.ts";
import type { PartitionCount, RowQuery, RowResult, SqlLimits, TableResult } from "../schema/query.ts";

/**
 * Answers queries. Every engine returns the same rows in the same order. A signal stops the query in the
 * engine; the call or iteration then throws `cancelled`.
 */
export interface QueryEngine {
  readonly name: EngineName;
  /** Selected partitions with row counts, sorted; from the catalog, without reading rows. */
  retrievePartitions(selection?: Selection, signal?: AbortSignal): Promise<PartitionCount[]>;
  /**
   * Rows of the selected partitions, sorted by partition, then in stored order, with only the columns that
   * have a value in the selection (from stored null counts). A condition (`RowQuerySchema`) keeps rows that
   * contain the text, or have a value in the column or at the path; no match is no error. Streams. Throws
   * `not_found` if nothing is selected, no partition has the column or a named row does not exist, `usage` for a
   * column without text.
   */
  retrieveWithExistingCols(query: RowQuery, signal?: AbortSignal): Promise<RowResult>;
  /** Tables available to `sql`. */
  listTables(signal?: AbortSignal): Promise<string[]>;
  /** Columns of a table in order. Throws `not_found`. */
  getTableInfo(table: string, signal?: AbortSignal): Promise<Column[]>;
  /** One read-only SELECT in the engine's dialect. Throws `invalid_sql`, `too_large`, `timeout`. */
  sql(text: string, limits: SqlLimits, signal?: AbortSignal): Promise<TableResult>;
  /** Idempotent. */
  close(): void;
}
