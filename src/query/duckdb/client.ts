import { throwIfCancelled } from "../../errors.ts";
import type { Column } from "../../schema/columns.ts";
import { comparePartitions, createSelector, type Selection } from "../../schema/partition.ts";
import type { PartitionCount, RowQuery, RowResult, SqlLimits, TableResult } from "../../schema/query.ts";
import { parseType } from "../../schema/type-tree.ts";
import { type Database, type DatabaseOptions, onOwnConnection } from "../database.ts";
import type { QueryEngine } from "../engine.ts";
import { refuseGoneRows } from "../named-rows.ts";
import { planRows } from "../row-plan.ts";
import { WIDE_COLUMNS } from "../wide-columns.ts";
import { type CatalogReader, createCatalogReader } from "./catalog-reader.ts";
import { describeCatalog, locateRows } from "./described.ts";
import type { OpenLabelFacts } from "./label-facts.ts";
import { matchRows } from "./match-rows.ts";
import { readAhead } from "./read-ahead.ts";
import { readFound, stepOf } from "./read-found.ts";
import { readRows } from "./read-rows.ts";
import { type Source, scanLimits } from "./stream.ts";
import { describeTable, listTables } from "./tables.ts";

export interface DuckDBClientOptions extends Omit<DatabaseOptions, "path" | "readOnly"> {
  /** The published catalog file of a lake: `<lake>/catalog.duckdb`. */
  path: string;
  /** Memory that a read of rows starts with, as in DuckDB settings; 128 MB without. */
  scanMemory?: string;
  /** Threads of the instance that stays open and answers small results, several at once; `threads` without. */
  sharedThreads?: number;
  /** What was counted of labels, by the views as they are now. */
  labelFacts?: OpenLabelFacts | undefined;
}

/**
 * Results of at most so many rows are read at once, on the instance that stays open, and with all of an instance's memory;
 * others get one of their own, and begin with less.
 */
const SMALL_LIMIT = 1000;

/** The embedded engine: answers from a published catalog file, always the newest. */
export class DuckDBClient implements QueryEngine {
  readonly name = "duckdb";
  readonly #options: DuckDBClientOptions;
  readonly #reader: CatalogReader;

  constructor(options: DuckDBClientOptions) {
    const { path, scanMemory: _, sharedThreads, labelFacts: __, ...database } = options;
    this.#options = options;
    this.#reader = createCatalogReader(path, { ...database, meanwhile: loadArrow }, sharedThreads);
  }

  retrievePartitions(selection: Selection = {}): Promise<PartitionCount[]> {
    return this.#reader.use(async (database) => {
      const known = await database.rows<PartitionCount>(
        "SELECT provider, dataset, task, variant, rows FROM partitions",
      );
      return known.filter(createSelector(selection)).sort(comparePartitions);
    });
  }

  async retrieveWithExistingCols(query: RowQuery, signal?: AbortSignal): Promise<RowResult> {
    const options = { memory: this.#options.scanMemory, labels: this.labelFacts };
    if ((query.limit ?? Number.POSITIVE_INFINITY) > SMALL_LIMIT) {
      return this.#reader.useOwn((database) => openRows(database, query, options, signal));
    }
    return this.#reader.use((shared) =>
      onOwnConnection(shared, async (database) => {
        const result = await openRows(database, query, { ...options, memory: "shared" }, signal);
        const batches = await Array.fromAsync(result.batches);
        return { ...result, batches: toAsync(batches) };
      }),
    );
  }

  /** Undefined where nobody counts labels. */
  get labelFacts(): OpenLabelFacts | undefined {
    return this.#options.labelFacts;
  }

  /** Runs work on the newest catalog, on a connection of its own to the instance that stays open. */
  withCatalog<T>(work: (database: Database) => Promise<T>): Promise<T> {
    return this.#reader.use((shared) =>
      onOwnConnection(shared, async (database) => {
        await database.spread();
        return work(database);
      }),
    );
  }

  listTables(): Promise<string[]> {
    return this.#reader.use(listTables);
  }

  getTableInfo(table: string): Promise<Column[]> {
    return this.#reader.use((database) => describeTable(database, table));
  }

  async sql(text: string, limits: SqlLimits, signal?: AbortSignal): Promise<TableResult> {
    const { runSandboxed } = await import("./sandbox.ts");
    const { path, scratch, threads } = this.#options;
    return runSandboxed(path, text, limits, { scratch, ...(threads !== undefined && { threads }) }, signal);
  }

  close(): void {
    this.#reader.close();
  }
}

interface ReadOptions {
  /** What a scan begins with, unless the instance is shared: its limit is everybody's. */
  memory: string | "shared" | undefined;
  labels: OpenLabelFacts | undefined;
}

/** What makes batches of rows. */
function loadArrow() {
  return Promise.all([import("../arrow/types.ts"), import("../arrow/batches.ts")]);
}

/** Finds what a query asks for; its batches close the database behind their end. */
async function openRows(
  database: Database,
  query: RowQuery,
  { memory, labels }: ReadOptions,
  signal: AbortSignal | undefined,
): Promise<RowResult> {
  const [{ arrowSchema, isArrowType }] = await loadArrow(); // which no query's time is
  const startedMs = performance.now();
  throwIfCancelled(signal);
  readAhead(database, query);
  const { known, table, generation } = await describeCatalog(database);
  const plan = planRows(known, table, query, true);
  const { partitions, columns: planned, features } = plan;
  const columns = planned.map(({ name, type }) => ({
    name,
    type: isArrowType(parseType(type)) ? type : "VARCHAR",
  }));
  const hasConditions = plan.conditions.length > 0 || plan.filters.length > 0;
  const found = hasConditions
    ? await matchRows({ database, catalog: await locateRows(database), labels, signal }, plan)
    : undefined;
  const counted = partitions.map(({ provider, dataset, task, variant, rows, license }, part) => ({
    ...(license !== "" && { license }),
    provider,
    dataset,
    task,
    variant,
    rows: found === undefined ? rows : (found.counts[part] ?? 0),
  }));
  refuseGoneRows(query, counted);
  const matchCount = counted.reduce((sum, { rows }) => sum + rows, 0);
  const rowCount = Math.min(matchCount, query.limit ?? matchCount);
  const source: Source = {
    database,
    columns,
    schema: arrowSchema(columns),
    stats: { engineMs: performance.now() - startedMs },
  };
  return {
    columns,
    features,
    notes: plan.notes,
    rowCount,
    matchCount,
    partitions: found === undefined ? counted : counted.filter(({ rows }) => rows > 0),
    generation,
    schema: source.schema,
    stats: source.stats,
    batches: batchesOf(),
  };

  async function* batchesOf() {
    try {
      const isSmall = memory === "shared" || rowCount <= SMALL_LIMIT;
      const limits = isSmall ? [] : await scanLimits(database, memory);
      // By one thread: each holds 2,048 values of every column, several times over.
      if (memory !== "shared" && columns.length > WIDE_COLUMNS) await database.run("SET threads = 1");
      else if (rowCount > SMALL_LIMIT) await database.spread();
      if (found === undefined) yield* readRows(source, partitions, rowCount, limits, signal);
      else yield* readFound(source, found, rowCount, stepOf(partitions), limits, signal);
    } finally {
      database.closeLater();
    }
  }
}

async function* toAsync<T>(items: Iterable<T>): AsyncGenerator<T> {
  yield* items;
}
