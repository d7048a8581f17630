import type { Column } from "../../schema/columns.ts";
import type { EngineName } from "../../schema/engines.ts";
import { comparePartitions, type PartitionKey, type Selection } from "../../schema/partition.ts";
import type {
  PartitionCount,
  QueryStats,
  RowQuery,
  RowResult,
  SqlLimits,
  TableResult,
} from "../../schema/query.ts";
import { parseType } from "../../schema/type-tree.ts";
import type { QueryEngine } from "../engine.ts";
import { partitionsOf, refuseGoneRows } from "../named-rows.ts";
import { planRows, type RowPlan } from "../row-plan.ts";
import {
  countRows,
  describeTable,
  type Known,
  listTables,
  readKnown,
  readPartitions,
  tableColumns,
} from "./describe.ts";
import { type RowsRequest, renderRows } from "./dialect.ts";
import { runOneSelect } from "./select.ts";
import type { StatementRunner } from "./statements.ts";

/** A query engine over a runner of Trino SQL statements, on the tables created by sync. */
export class StatementEngine implements QueryEngine {
  readonly name: EngineName;
  readonly #runner: StatementRunner;
  readonly #describe: Describe;

  constructor(runner: StatementRunner) {
    this.name = runner.name;
    this.#runner = runner;
    this.#describe = rememberColumns(runner);
  }

  retrievePartitions(selection: Selection = {}, signal?: AbortSignal): Promise<PartitionCount[]> {
    return readPartitions(this.#runner, selection, signal);
  }

  retrieveWithExistingCols(query: RowQuery, signal?: AbortSignal): Promise<RowResult> {
    return openRows(this.#runner, this.#describe, query, signal);
  }

  listTables(signal?: AbortSignal): Promise<string[]> {
    return listTables(this.#runner, signal);
  }

  getTableInfo(table: string, signal?: AbortSignal): Promise<Column[]> {
    return describeTable(this.#runner, table, signal);
  }

  sql(text: string, limits: SqlLimits, signal?: AbortSignal): Promise<TableResult> {
    return runOneSelect(this.#runner, text, limits, signal);
  }

  close(): void {
    this.#runner.close();
  }
}

/** An explicit LIMIT, even if it removes no row, tells an engine that the result is small. */
const FEW_ROWS = 1000;

type Describe = (
  query: RowQuery,
  signal: AbortSignal | undefined,
) => Promise<{ known: Known; described: Column[] }>;

/**
 * Reads the partitions for each query, and the table's columns once per generation: a sync adds columns
 * before it publishes the generation and never removes any.
 */
function rememberColumns(runner: StatementRunner): Describe {
  let last: { generation: number; columns: Column[] } | undefined;
  return async (query, signal) => {
    const columnsOf = () => describeTable(runner, runner.names.table, signal);
    const [known, first] = await Promise.all([
      readKnown(runner, partitionsOf(query), signal),
      last === undefined ? columnsOf() : undefined,
    ]);
    const remembered = last?.generation === known.generation ? last.columns : undefined;
    const described = first ?? remembered ?? (await columnsOf());
    if (known.partitions.length > 0) last = { generation: known.generation, columns: described };
    return { known, described };
  };
}

/** Plans from the partition table, counts matches per partition under a condition, reads rows lazily. */
async function openRows(
  runner: StatementRunner,
  describe: Describe,
  query: RowQuery,
  signal: AbortSignal | undefined,
): Promise<RowResult> {
  const startedMs = performance.now();
  const { known, described } = await describe(query, signal);
  const table = tableColumns(described, known.partitions);
  const plan = planRows(known.partitions, table, query);
  const { arrowSchema, isArrowType } = await import("../arrow/types.ts");
  const stored = new Map(table.map(({ name, type }) => [name, type]));
  const columns = plan.columns.map((column) => givenColumn(column, stored, isArrowType));
  const stats: QueryStats = { engineMs: 0 };
  const partitions = await countMatches(runner, plan, query, stats, signal);
  refuseGoneRows(query, partitions);
  const matchCount = partitions.reduce((sum, { rows }) => sum + rows, 0);
  const rowCount = Math.min(matchCount, query.limit ?? matchCount);
  stats.engineMs = performance.now() - startedMs;
  const schema = arrowSchema(columns);
  const request: RowsRequest = {
    plan,
    selection: partitionsOf(query),
    partitions: partitions.filter(({ rows }) => rows > 0),
    columns,
    stored,
    rowLimit: rowCount < matchCount || rowCount <= FEW_ROWS ? rowCount : undefined,
  };
  return {
    columns,
    features: plan.features,
    notes: plan.notes,
    rowCount,
    matchCount,
    partitions,
    generation: known.generation,
    schema,
    stats,
    batches: batchesOf(),
  };

  async function* batchesOf() {
    if (rowCount === 0) return;
    const result = await runner.select(renderRows(runner.tables, request), columns, { signal });
    try {
      yield* result.batches;
    } finally {
      addStats(stats, result.stats);
    }
  }
}

/** Bytes and lists are not converted back from a column stored as text. */
function givenColumn(
  { name, type }: Column,
  stored: ReadonlyMap<string, string>,
  isArrowType: (type: ReturnType<typeof parseType>) => boolean,
): Column {
  const parsed = parseType(type);
  if (!isArrowType(parsed)) return { name, type: "VARCHAR" };
  const own = stored.get(name) ?? type;
  return { name, type: type === "BLOB" && own !== "BLOB" ? own : type };
}

/** Selected partitions with row counts, or those with matches, sorted. */
async function countMatches(
  runner: StatementRunner,
  plan: RowPlan,
  query: RowQuery,
  stats: QueryStats,
  signal: AbortSignal | undefined,
): Promise<PartitionCount[]> {
  if (plan.conditions.length === 0 && plan.filters.length === 0) return plan.partitions.map(countOf);
  if (plan.conditions.some(({ columns }) => columns.length === 0)) return [];
  const counts = await countRows(runner, plan, partitionsOf(query), signal);
  addStats(stats, counts.stats);
  const planned = new Set(plan.partitions.map(keyText));
  return counts.partitions.filter((key) => planned.has(keyText(key))).sort(comparePartitions);
}

function countOf({ provider, dataset, task, variant, rows }: PartitionCount): PartitionCount {
  return { provider, dataset, task, variant, rows };
}

function keyText({ provider, dataset, task, variant }: PartitionKey): string {
  return JSON.stringify([provider, dataset, task, variant]);
}

function addStats(sum: QueryStats, more: QueryStats): void {
  sum.engineMs += more.engineMs;
  if (more.scannedBytes !== undefined) sum.scannedBytes = (sum.scannedBytes ?? 0) + more.scannedBytes;
  if (more.costUsd !== undefined) sum.costUsd = (sum.costUsd ?? 0) + more.costUsd;
}
