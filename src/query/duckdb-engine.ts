import { AppError, throwIfCancelled } from "../errors.ts";
import { mergeColumns, parseType } from "../schema/column-types.ts";
import { type Column, type ColumnStats, type Features, SYSTEM_COLUMNS } from "../schema/columns.ts";
import { describeFeatures } from "../schema/features.ts";
import { comparePartitions, isSelected, PARTITION_COLUMNS } from "../schema/partition.ts";
import type { PartitionCount, RowQuery, RowResult } from "../schema/query.ts";
import type { Database, DatabaseOptions } from "./database.ts";
import { type CatalogReader, createCatalogReader } from "./duckdb-catalog.ts";
import { readRows, type SizedPartition } from "./duckdb-rows.ts";
import type { QueryEngine } from "./engine.ts";

interface KnownPartition extends SizedPartition {
  columns: ColumnStats[];
  features: string;
}

export interface EngineOptions extends Omit<DatabaseOptions, "path" | "readOnly"> {
  /** Memory that a read of rows starts with, as in DuckDB settings; 128 MB without. */
  scanMemory?: string;
}

/** The embedded engine: answers from the published catalog file at `path`. */
export function createDuckDBEngine(path: string, { scanMemory, ...options }: EngineOptions): QueryEngine {
  const reader: CatalogReader = createCatalogReader(path, options);
  return {
    name: "duckdb",
    retrievePartitions: (selection = {}) =>
      reader.use(async (database) => {
        const known = await database.rows<PartitionCount>(
          "SELECT provider, dataset, task, variant, rows FROM partitions",
        );
        return known.filter((key) => isSelected(key, selection)).sort(comparePartitions);
      }),
    retrieveWithExistingCols: (query, signal) =>
      reader.useOwn((database) => openRows(database, query, scanMemory, signal)),
    close: () => reader.close(),
  };
}

async function openRows(
  database: Database,
  query: RowQuery,
  scanMemory: string | undefined,
  signal: AbortSignal | undefined,
): Promise<RowResult> {
  throwIfCancelled(signal);
  const partitions = await selectPartitions(database, query);
  const table = await database.rows<Column>(
    "SELECT column_name AS name, data_type AS type FROM duckdb_columns() WHERE table_name = 'catalog' ORDER BY column_index",
  );
  const { arrowSchema, isArrowType } = await import("./arrow-types.ts");
  const columns = existingColumns(table, partitions).map(({ name, type }) => ({
    name,
    type: isArrowType(parseType(type)) ? type : "VARCHAR",
  }));
  const schema = arrowSchema(columns);
  const total = partitions.reduce((sum, { rows }) => sum + rows, 0);
  const [head] = await database.rows<{ generation: number }>("SELECT generation FROM lake");
  const rowCount = Math.min(total, query.limit ?? total);
  const stored = new Map(table.map(({ name, type }) => [name, type]));
  return {
    columns,
    features: commonFeatures(columns, partitions),
    rowCount,
    partitions: partitions.map(({ provider, dataset, task, variant, rows }) => ({
      provider,
      dataset,
      task,
      variant,
      rows,
    })),
    generation: head?.generation ?? 0,
    schema,
    batches: readRows({ database, scanMemory, columns, schema, partitions, rowCount, stored }, signal),
  };
}

async function selectPartitions(database: Database, query: RowQuery): Promise<KnownPartition[]> {
  const known = await database.rows<KnownPartition>(
    "SELECT provider, dataset, task, variant, rows, bytes, columns, features FROM partitions",
  );
  const partitions = known.filter((key) => isSelected(key, query)).sort(comparePartitions);
  if (partitions.length > 0) return partitions;
  throw new AppError(
    "not_found",
    "the selection names no partition of the catalog; `datalake catalog partitions` lists what there is",
    { details: { ...query } },
  );
}

/** Where and what first, then the rows' own columns, then the lake's. */
function existingColumns(table: readonly Column[], partitions: readonly KnownPartition[]): Column[] {
  const held = new Set<string>();
  for (const { columns, rows } of partitions) {
    for (const { name, nulls } of columns) if (nulls < rows) held.add(name);
  }
  const types = new Map(mergeColumns(partitions).map(({ name, type }) => [name, type]));
  const keys = new Set<string>(PARTITION_COLUMNS);
  const system = new Set<string>(SYSTEM_COLUMNS.map(({ name }) => name));
  const rank = ({ name }: Column) => (keys.has(name) ? 0 : system.has(name) ? 2 : 1);
  return table
    .filter(({ name }) => keys.has(name) || held.has(name))
    .map(({ name, type }) => ({ name, type: narrowType(type, types.get(name)) }))
    .sort((a, b) => rank(a) - rank(b));
}

/**
 * The type that the selected partitions alone have: a text column elsewhere in the lake does not make text of their
 * numbers. Only where the way back is exact.
 */
function narrowType(stored: string, selected: string | undefined): string {
  if (selected === undefined || stored === selected) return stored;
  const scalar = [stored, selected].every((type) => parseType(type).kind === "scalar");
  const rounded = stored === "DOUBLE" && !["FLOAT", "INTEGER", "SMALLINT", "TINYINT"].includes(selected);
  return scalar && !rounded ? selected : stored;
}

/** A given feature stays only where every partition that has the column agrees on it; the rest follow from the types. */
function commonFeatures(columns: readonly Column[], partitions: readonly KnownPartition[]): Features {
  const claims = new Map<string, Set<string>>();
  for (const partition of partitions) {
    const features = JSON.parse(partition.features || "{}") as Features;
    for (const { name, nulls } of partition.columns) {
      if (nulls === partition.rows) continue; // has nothing to say
      claims.set(name, (claims.get(name) ?? new Set()).add(JSON.stringify(features[name] ?? null)));
    }
  }
  const agreed: Features = {};
  for (const [name, texts] of claims) {
    const [text = "null"] = texts;
    if (texts.size === 1) agreed[name] = JSON.parse(text);
  }
  return describeFeatures(columns, agreed);
}
