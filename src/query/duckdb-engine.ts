import { AppError, throwIfCancelled } from "../errors.ts";
import { type Column, type ColumnStats, type Features, SYSTEM_COLUMNS } from "../schema/columns.ts";
import { describeFeatures } from "../schema/features.ts";
import { comparePartitions, isSelected, PARTITION_COLUMNS, type PartitionKey } from "../schema/partition.ts";
import type { PartitionCount, RowBatch, RowQuery, RowResult } from "../schema/query.ts";
import { type Database, type DatabaseOptions, interruptible } from "./database.ts";
import { type CatalogReader, createCatalogReader } from "./duckdb-catalog.ts";
import type { QueryEngine } from "./engine.ts";
import { quoteName, quoteText } from "./sql.ts";
import { isPlainType, plainConverter } from "./values.ts";

interface KnownPartition extends PartitionCount {
  columns: ColumnStats[];
  features: string;
}

/** The embedded engine: answers from the published catalog file at `path`. */
export function createDuckDBEngine(
  path: string,
  options: Omit<DatabaseOptions, "path" | "readOnly">,
): QueryEngine {
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
    retrieveWithExistingCols: async (query, signal) => {
      const database = await reader.openOwn();
      try {
        return await openRows(database, query, signal);
      } catch (error) {
        database.close();
        throw error;
      }
    },
    close: () => reader.close(),
  };
}

async function openRows(
  database: Database,
  query: RowQuery,
  signal: AbortSignal | undefined,
): Promise<RowResult> {
  throwIfCancelled(signal);
  const partitions = await selectPartitions(database, query);
  const table = await database.rows<Column>(
    "SELECT column_name AS name, data_type AS type FROM duckdb_columns() WHERE table_name = 'catalog' ORDER BY column_index",
  );
  const columns = existingColumns(table, partitions);
  const total = partitions.reduce((sum, { rows }) => sum + rows, 0);
  const [head] = await database.rows<{ generation: number }>("SELECT generation FROM lake");
  const rowCount = Math.min(total, query.limit ?? total);
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
    batches: readRows(
      database,
      { columns, partitions, rowCount, stored: new Map(table.map((c) => [c.name, c.type])) },
      signal,
    ),
  };
}

async function selectPartitions(database: Database, query: RowQuery): Promise<KnownPartition[]> {
  const known = await database.rows<KnownPartition>(
    "SELECT provider, dataset, task, variant, rows, columns, features FROM partitions",
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
  const keys = new Set<string>(PARTITION_COLUMNS);
  const system = new Set<string>(SYSTEM_COLUMNS.map(({ name }) => name));
  const rank = ({ name }: Column) => (keys.has(name) ? 0 : system.has(name) ? 2 : 1);
  return table
    .filter(({ name }) => keys.has(name) || held.has(name))
    .map(({ name, type }) => ({ name, type: isPlainType(type) ? type : "VARCHAR" }))
    .sort((a, b) => rank(a) - rank(b));
}

/** A given feature stays only where every partition that has the column agrees on it; the rest follow from the types. */
function commonFeatures(columns: readonly Column[], partitions: readonly KnownPartition[]): Features {
  const claims = new Map<string, Set<string>>();
  for (const partition of partitions) {
    const features = JSON.parse(partition.features || "{}") as Features;
    for (const { name } of partition.columns) {
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

interface Reading {
  columns: readonly Column[];
  partitions: readonly PartitionKey[];
  rowCount: number;
  /** Types as the catalog holds them. */
  stored: ReadonlyMap<string, string>;
}

/** One partition after the other, so that the order is the same after every refresh; closes the database at its end. */
async function* readRows(
  database: Database,
  { columns, partitions, rowCount, stored }: Reading,
  signal: AbortSignal | undefined,
): AsyncGenerator<RowBatch> {
  const converters = columns.map(({ type }) => plainConverter(type));
  const list = columns
    .map(({ name, type }) =>
      stored.get(name) === type
        ? quoteName(name)
        : `CAST(${quoteName(name)} AS ${type}) AS ${quoteName(name)}`,
    )
    .join(", ");
  let left = rowCount;
  try {
    for (const key of partitions) {
      if (left <= 0) return;
      const where = PARTITION_COLUMNS.map((name) => `${quoteName(name)} = ${quoteText(key[name])}`).join(
        " AND ",
      );
      const result = await interruptible(database, signal, () =>
        database.stream(`SELECT ${list} FROM catalog WHERE ${where} LIMIT ${left}`),
      );
      for (;;) {
        const chunk = await interruptible(database, signal, () => result.fetchChunk());
        if (chunk === null || chunk.rowCount === 0) break;
        left -= chunk.rowCount;
        yield {
          rowCount: chunk.rowCount,
          columns: columns.map((_, at) => {
            const values = chunk.getColumnValues(at);
            const convert = converters[at];
            return convert ? values.map(convert) : values;
          }),
        };
      }
    }
  } finally {
    database.close();
  }
}
