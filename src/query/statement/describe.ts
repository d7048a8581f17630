import { AppError } from "../../errors.ts";
import type { Column, ColumnStats } from "../../schema/columns.ts";
import { mergeColumns } from "../../schema/merge-columns.ts";
import {
  comparePartitions,
  createSelector,
  PARTITION_COLUMNS,
  type Selection,
} from "../../schema/partition.ts";
import type { PartitionCount, QueryStats } from "../../schema/query.ts";
import type { DescribedPartition, RowPlan } from "../row-plan.ts";
import { quoteText } from "../sql.ts";
import { KNOWN_COLUMNS, renderCounts, renderKnown } from "./dialect.ts";
import type { StatementResult, StatementRunner } from "./statements.ts";
import { duckdbType, trinoType } from "./types.ts";

/** The selected partitions as of one catalog generation. */
export interface Known {
  generation: number;
  partitions: DescribedPartition[];
}

/** Reads the partition table. Throws `not_found` before the first sync. */
export async function readKnown(
  runner: StatementRunner,
  selection: Selection,
  signal: AbortSignal | undefined,
): Promise<Known> {
  const partitions: DescribedPartition[] = [];
  let generation = 0;
  const result = await runKnown(runner, renderKnown(runner.tables, selection), signal);
  for await (const row of result.rows) {
    const [provider, dataset, task, variant, rows, bytes, columns, features, newest] = row as string[];
    generation = Number(newest);
    partitions.push({
      ...({ provider, dataset, task, variant } as Record<(typeof PARTITION_COLUMNS)[number], string>),
      rows: Number(rows),
      bytes: Number(bytes),
      columns: JSON.parse(columns ?? "[]") as ColumnStats[],
      features: features ?? "{}",
    });
  }
  return { generation, partitions };
}

/** Selected partitions with row counts, sorted. Throws `not_found` before the first sync. */
export async function readPartitions(
  runner: StatementRunner,
  selection: Selection,
  signal: AbortSignal | undefined,
): Promise<PartitionCount[]> {
  const sql = renderKnown(runner.tables, selection, KNOWN_COLUMNS.slice(0, PARTITION_COLUMNS.length + 1));
  const counts = await readCounts(await runKnown(runner, sql, signal));
  return counts.filter(createSelector(selection)).sort(comparePartitions);
}

async function runKnown(
  runner: StatementRunner,
  sql: string,
  signal: AbortSignal | undefined,
): Promise<StatementResult> {
  try {
    return await runner.run(sql, { signal });
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== "not_found") throw error;
    const { schema, table } = runner.names;
    throw new AppError(
      "not_found",
      `${runner.name} has no tables ${table} and ${table}_partitions in ${schema} yet; make them with \`datalake sync --to ${runner.name}\`, or set where they are (${runner.name}.table)`,
      { details: { engine: runner.name, table: runner.tables.partitions }, cause: error },
    );
  }
}

/** Matching rows by partition, without empty ones. */
export async function countRows(
  runner: StatementRunner,
  plan: RowPlan,
  selection: Selection,
  signal: AbortSignal | undefined,
): Promise<{ partitions: PartitionCount[]; stats: QueryStats }> {
  const result = await runner.run(renderCounts(runner.tables, plan, selection), { signal });
  return { partitions: await readCounts(result), stats: result.stats };
}

async function readCounts({ rows }: StatementResult): Promise<PartitionCount[]> {
  const counts: PartitionCount[] = [];
  for await (const row of rows) {
    const [provider = "", dataset = "", task = "", variant = "", count] = row as string[];
    counts.push({ provider, dataset, task, variant, rows: Number(count) });
  }
  return counts;
}

/** Table names of the runner's schema, sorted. */
export async function listTables(
  runner: StatementRunner,
  signal: AbortSignal | undefined,
): Promise<string[]> {
  const { catalog, schema } = runner.names;
  const { rows } = await runner.run(
    `SELECT table_name FROM ${catalog}.information_schema.tables WHERE table_schema = ${quoteText(schema.toLowerCase())} ORDER BY 1`,
    { signal },
  );
  return (await Array.fromAsync(rows)).map(([name]) => String(name));
}

/** Columns of a table in order, in DuckDB types. Throws `not_found`. */
export async function describeTable(
  runner: StatementRunner,
  table: string,
  signal: AbortSignal | undefined,
): Promise<Column[]> {
  const { catalog, schema } = runner.names;
  const { rows } = await runner.run(
    `SELECT column_name, data_type FROM ${catalog}.information_schema.columns
     WHERE table_schema = ${quoteText(schema.toLowerCase())} AND table_name = ${quoteText(table.toLowerCase())} ORDER BY ordinal_position`,
    { signal },
  );
  const columns = (await Array.fromAsync(rows)).map(([name, type]) => ({
    name: String(name),
    type: duckdbType(String(type)),
  }));
  if (columns.length > 0) return columns;
  throw new AppError(
    "not_found",
    `${runner.name} has no table ${JSON.stringify(table)} in ${schema}; \`datalake sync --to ${runner.name}\` makes those of the lake`,
    { details: { engine: runner.name, table } },
  );
}

/** Columns of the table `catalog` with the lake's types: the engine loses case of fields and unsignedness. */
export function tableColumns(
  described: readonly Column[],
  partitions: readonly DescribedPartition[],
): Column[] {
  const own = new Map(mergeColumns(partitions).map(({ name, type }) => [name, type]));
  return described.map(({ name, type }) => {
    const known = own.get(name);
    const same = known !== undefined && trinoType(known).toLowerCase() === trinoType(type).toLowerCase();
    return { name, type: same ? known : type };
  });
}
