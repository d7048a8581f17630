import type { Selection } from "../schema/partition.ts";
import type { PartitionCount, RowQuery, RowResult } from "../schema/query.ts";

/**
 * Where queries are answered. Every engine gives the same rows, in the same order, for the same query. A signal stops
 * the query at the engine, and the call or the iteration fails with `cancelled`.
 */
export interface QueryEngine {
  readonly name: "duckdb" | "athena" | "trino";
  /** Every selected partition with its number of rows, sorted; from the catalog, without reading rows. */
  retrievePartitions(selection?: Selection): Promise<PartitionCount[]>;
  /**
   * Rows of the selected partitions, sorted by partition, within one in stored order, with only the columns that hold a
   * value somewhere in the selection (known from stored null counts). Streams; throws `not_found` when nothing is
   * selected.
   */
  retrieveWithExistingCols(query: RowQuery, signal?: AbortSignal): Promise<RowResult>;
  /** May be called several times. */
  close(): void;
}
