import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { type Database, openDatabase } from "../../src/query/database.ts";
import { quoteName, quoteText } from "../../src/query/sql.ts";
import type { StatementRunner } from "../../src/query/statement/statements.ts";
import { trinoType } from "../../src/query/statement/types.ts";
import { createTrinoRunner, type TrinoOptions } from "../../src/query/trino/runner.ts";
import type { Column } from "../../src/schema/columns.ts";
import { PARTITION_COLUMNS, type PartitionKey } from "../../src/schema/partition.ts";
import type { EngineLake } from "./lake.ts";
import { useTrino } from "./trino.ts";

/**
 * The rows of a lake in the tables `catalog` and `catalog_partitions` of a Trino catalog of their own; options of the
 * Trino client.
 */
export async function makeTrinoTables({ folder, lake }: EngineLake): Promise<TrinoOptions> {
  const root = join(folder, "trino");
  await mkdir(root);
  const server = await useTrino();
  const catalog = await server.createCatalog({ folder: root });
  const options: TrinoOptions = {
    url: server.url,
    catalog,
    schema: "datalake",
    table: "catalog",
    user: "test",
  };
  const runner = createTrinoRunner(options);
  const database = await openDatabase({
    path: lake.layout.catalogFile,
    readOnly: true,
    scratch: join(folder, "scratch"),
  });
  try {
    await execute(runner, `CREATE SCHEMA ${catalog}.datalake WITH (location = 'local:///schema')`);
    await makeRows(database, runner, root);
    await makePartitions(database, runner, root);
    return options;
  } finally {
    database.close();
    runner.close();
  }
}

/** The rows of each partition in a file of their own, in the types that Trino has. */
async function makeRows(database: Database, runner: StatementRunner, root: string): Promise<void> {
  const columns = (
    await database.rows<Column>(
      "SELECT column_name AS name, data_type AS type FROM duckdb_columns() WHERE table_name = 'catalog' ORDER BY column_index",
    )
  ).slice(PARTITION_COLUMNS.length);
  await createTable(runner, runner.tables.catalog, "rows", columns, PARTITION_COLUMNS);
  const keys = await database.rows<PartitionKey>(`SELECT ${PARTITION_COLUMNS.join(", ")} FROM partitions`);
  const list = columns.map(
    ({ name, type }) => `${quoteName(name)}::${SIGNED[type] ?? type} AS ${quoteName(name)}`,
  );
  for (const [at, key] of keys.entries()) {
    const place = `rows/${at}`;
    await mkdir(join(root, place), { recursive: true });
    const where = PARTITION_COLUMNS.map((name) => `${name} = ${quoteText(key[name])}`).join(" AND ");
    await database.run(
      `COPY (SELECT ${list.join(", ")} FROM catalog WHERE ${where}) TO ${quoteText(join(root, place, "data.parquet"))} (FORMAT parquet, COMPRESSION zstd)`,
    );
    const values = PARTITION_COLUMNS.map((name) => key[name]);
    await register(runner, runner.names.table, PARTITION_COLUMNS, values, place);
  }
}

/** Integers that Trino does not have. */
const SIGNED: Record<string, string> = {
  UTINYINT: "SMALLINT",
  USMALLINT: "INTEGER",
  UINTEGER: "BIGINT",
  UBIGINT: "DECIMAL(20,0)",
};

const PARTITIONS_TABLE: Column[] = [
  ...PARTITION_COLUMNS.map((name) => ({ name, type: "VARCHAR" })),
  { name: "rows", type: "BIGINT" },
  { name: "bytes", type: "BIGINT" },
  { name: "version", type: "BIGINT" },
  { name: "columns", type: "VARCHAR" },
  { name: "features", type: "VARCHAR" },
  { name: "location", type: "VARCHAR" },
];

/** The table of partitions as of the catalog's generation, and an older one without any, which nobody may look at. */
async function makePartitions(database: Database, runner: StatementRunner, root: string): Promise<void> {
  const name = `${runner.names.table}_partitions`;
  await createTable(runner, runner.tables.partitions, "known", [...PARTITIONS_TABLE], ["generation"]);
  const [head] = await database.rows<{ generation: number }>("SELECT generation FROM lake");
  const generation = head?.generation ?? 0;
  for (const [number, filter] of [
    [generation, "true"],
    [generation - 1, "false"],
  ] as const) {
    const place = `known/${number}`;
    await mkdir(join(root, place), { recursive: true });
    const list = PARTITIONS_TABLE.map(({ name: column }) =>
      column === "columns"
        ? `to_json("columns")::VARCHAR AS "columns"`
        : column === "location"
          ? "'' AS location"
          : quoteName(column),
    );
    await database.run(
      `COPY (SELECT ${list.join(", ")} FROM partitions WHERE ${filter}) TO ${quoteText(join(root, place, "data.parquet"))} (FORMAT parquet, COMPRESSION zstd)`,
    );
    await register(runner, name, ["generation"], [String(number)], place);
  }
}

async function createTable(
  runner: StatementRunner,
  table: string,
  place: string,
  columns: readonly Column[],
  keys: readonly string[],
): Promise<void> {
  const fields = [
    ...columns.map(({ name, type }) => `${quoteName(name)} ${trinoType(type)}`),
    ...keys.map((name) => `${quoteName(name)} ${name === "generation" ? "bigint" : "varchar"}`),
  ];
  await execute(
    runner,
    `CREATE TABLE ${table} (${fields.join(", ")}) WITH (external_location = 'local:///${place}', format = 'PARQUET', partitioned_by = ${array(keys)})`,
  );
}

async function register(
  runner: StatementRunner,
  table: string,
  keys: readonly string[],
  values: readonly string[],
  place: string,
): Promise<void> {
  const { catalog, schema } = runner.names;
  await execute(
    runner,
    `CALL ${catalog}.system.register_partition(${quoteText(schema)}, ${quoteText(table)}, ${array(keys)}, ${array(values)}, 'local:///${place}')`,
  );
}

function array(texts: readonly string[]): string {
  return `ARRAY[${texts.map(quoteText).join(", ")}]`;
}

async function execute(runner: StatementRunner, sql: string): Promise<void> {
  await Array.fromAsync((await runner.run(sql)).rows);
}
