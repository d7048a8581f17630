import type { Column } from "../../schema/columns.ts";
import type { Selection } from "../../schema/partition.ts";
import type { PartitionCount, RowQuery, RowResult, SqlLimits, TableResult } from "../../schema/query.ts";
import type { QueryEngine } from "../engine.ts";
import { createStatementEngine } from "../trino/engine.ts";
import type { ExecutionEffects } from "./execution.ts";
import { type AthenaOptions, createAthenaRunner } from "./runner.ts";

export type AthenaClientOptions = AthenaOptions;

/** AWS Athena over the tables that `datalake sync --to athena` makes; credentials come from the AWS SDK's chain. */
export class AthenaClient implements QueryEngine {
  readonly name = "athena";
  readonly #engine: QueryEngine;

  /** `effects` is for tests: what waits, and what is random. */
  constructor(options: AthenaClientOptions, effects?: ExecutionEffects) {
    this.#engine = createStatementEngine(createAthenaRunner(options, effects));
  }

  retrievePartitions(selection?: Selection, signal?: AbortSignal): Promise<PartitionCount[]> {
    return this.#engine.retrievePartitions(selection, signal);
  }

  retrieveWithExistingCols(query: RowQuery, signal?: AbortSignal): Promise<RowResult> {
    return this.#engine.retrieveWithExistingCols(query, signal);
  }

  searchText(query: RowQuery & { text: string }, signal?: AbortSignal): Promise<RowResult> {
    return this.#engine.searchText(query, signal);
  }

  searchValidContent(query: RowQuery & { column: string }, signal?: AbortSignal): Promise<RowResult> {
    return this.#engine.searchValidContent(query, signal);
  }

  listTables(signal?: AbortSignal): Promise<string[]> {
    return this.#engine.listTables(signal);
  }

  getTableInfo(table: string, signal?: AbortSignal): Promise<Column[]> {
    return this.#engine.getTableInfo(table, signal);
  }

  sql(text: string, limits: SqlLimits, signal?: AbortSignal): Promise<TableResult> {
    return this.#engine.sql(text, limits, signal);
  }

  close(): void {
    this.#engine.close();
  }
}
