import { quoteHiveName, quoteHiveText, quoteName, quoteText } from "../query/sql.ts";
import { hiveType } from "../query/statement/hive-types.ts";
import type { StatementRunner } from "../query/statement/statements.ts";
import { trinoType } from "../query/statement/types.ts";
import type { Column } from "../schema/columns.ts";
import { PARTITION_COLUMNS } from "../schema/partition.ts";

/** A partitioned table over files. */
export interface Table {
  /** Unquoted. */
  name: string;
  columns: readonly Column[];
  /** Partition columns with DuckDB types. */
  keys: readonly Column[];
  /** Address of the folder with its files. */
  location: string;
}

/** Values of the partition columns in order, and the address of the files. */
export interface TablePartition {
  values: readonly string[];
  location: string;
}

/** Statements that create a target's tables and partitions. Each is idempotent. */
export interface Ddl {
  /** `location` is the default for tables. */
  createSchema(location: string): string[];
  createTable(table: Table): string[];
  dropTable(table: Pick<Table, "name">): string[];
  addColumns(table: Table, columns: readonly Column[]): string[];
  addPartitions(table: Table, partitions: Iterable<TablePartition>): Iterable<string>;
  movePartitions(table: Table, partitions: Iterable<TablePartition>): Iterable<string>;
  dropPartitions(table: Table, values: Iterable<readonly string[]>): Iterable<string>;
}

/** Partition columns of the row table. */
export const ROW_KEYS: readonly Column[] = PARTITION_COLUMNS.map((name) => ({ name, type: "VARCHAR" }));

/** Partitions per Athena statement, and its size below the limit of 262,144 bytes. */
const BATCH = { partitions: 100, bytes: 200_000 };

export function athenaDdl({ names }: Pick<StatementRunner, "names">): Ddl {
  const nameOf = (table: Pick<Table, "name">) =>
    `${quoteHiveName(names.schema)}.${quoteHiveName(table.name)}`;
  const field = ({ name, type }: Column) => `${quoteHiveName(name)} ${hiveType(type)}`;
  const specOf = ({ keys }: Table, values: readonly string[]) =>
    `PARTITION (${keys
      .map(({ name, type }, at) => `${quoteHiveName(name)} = ${literalOf(type, values[at] ?? "")}`)
      .join(", ")})`;
  const literalOf = (type: string, value: string) => (type === "VARCHAR" ? quoteHiveText(value) : value);
  return {
    createSchema: () => [`CREATE DATABASE IF NOT EXISTS ${quoteHiveName(names.schema)}`],
    createTable: (table) => [
      `CREATE EXTERNAL TABLE IF NOT EXISTS ${nameOf(table)} (${table.columns.map(field).join(", ")}) ` +
        `PARTITIONED BY (${table.keys.map(field).join(", ")}) STORED AS PARQUET LOCATION ${quoteHiveText(table.location)}`,
    ],
    dropTable: (table) => [`DROP TABLE IF EXISTS ${nameOf(table)}`],
    addColumns: (table, columns) =>
      columns.length === 0
        ? []
        : [`ALTER TABLE ${nameOf(table)} ADD COLUMNS (${columns.map(field).join(", ")})`],
    addPartitions: function* (table, partitions) {
      const parts = map(
        partitions,
        ({ values, location }) => `${specOf(table, values)} LOCATION ${quoteHiveText(location)}`,
      );
      for (const batch of batchesOf(parts)) {
        yield `ALTER TABLE ${nameOf(table)} ADD IF NOT EXISTS ${batch.join(" ")}`;
      }
    },
    movePartitions: (table, partitions) =>
      map(
        partitions,
        ({ values, location }) =>
          `ALTER TABLE ${nameOf(table)} ${specOf(table, values)} SET LOCATION ${quoteHiveText(location)}`,
      ),
    dropPartitions: function* (table, values) {
      for (const batch of batchesOf(map(values, (one) => specOf(table, one)))) {
        yield `ALTER TABLE ${nameOf(table)} DROP IF EXISTS ${batch.join(", ")}`;
      }
    },
  };
}

function* batchesOf(parts: Iterable<string>): Generator<string[]> {
  let batch: string[] = [];
  let bytes = 0;
  for (const part of parts) {
    const size = Buffer.byteLength(part) + 2;
    if (batch.length === BATCH.partitions || (batch.length > 0 && bytes + size > BATCH.bytes)) {
      yield batch;
      batch = [];
      bytes = 0;
    }
    batch.push(part);
    bytes += size;
  }
  if (batch.length > 0) yield batch;
}

/** Lazy: there may be 100,000 partitions. */
function* map<T, R>(items: Iterable<T>, change: (item: T) => R): Generator<R> {
  for (const item of items) yield change(item);
}

export function trinoDdl({ names }: Pick<StatementRunner, "names">): Ddl {
  const { catalog, schema } = names;
  const nameOf = (table: Pick<Table, "name">) => `${catalog}.${quoteName(schema)}.${quoteName(table.name)}`;
  const field = ({ name, type }: Column) => `${quoteName(name)} ${trinoType(type)}`;
  const array = (texts: readonly string[]) => `ARRAY[${texts.map(quoteText).join(", ")}]`;
  const call = (procedure: string, table: Table, values: readonly string[], location?: string) =>
    `CALL ${catalog}.system.${procedure}(${[
      quoteText(schema),
      quoteText(table.name),
      array(table.keys.map(({ name }) => name)),
      array(values),
      ...(location === undefined ? [] : [quoteText(location)]),
    ].join(", ")})`;
  return {
    createSchema: (location) => [
      `CREATE SCHEMA IF NOT EXISTS ${catalog}.${quoteName(schema)} WITH (location = ${quoteText(location)})`,
    ],
    createTable: (table) => [
      `CREATE TABLE IF NOT EXISTS ${nameOf(table)} (${[...table.columns, ...table.keys].map(field).join(", ")}) ` +
        `WITH (external_location = ${quoteText(table.location)}, format = 'PARQUET', partitioned_by = ${array(table.keys.map(({ name }) => name))})`,
    ],
    dropTable: (table) => [`DROP TABLE IF EXISTS ${nameOf(table)}`],
    addColumns: (table, columns) =>
      columns.map((column) => `ALTER TABLE ${nameOf(table)} ADD COLUMN IF NOT EXISTS ${field(column)}`),
    addPartitions: (table, partitions) =>
      map(partitions, ({ values, location }) => call("register_partition", table, values, location)),
    movePartitions: function* (table, partitions) {
      for (const { values, location } of partitions) {
        yield call("unregister_partition", table, values);
        yield call("register_partition", table, values, location);
      }
    },
    dropPartitions: (table, values) => map(values, (one) => call("unregister_partition", table, one)),
  };
}
