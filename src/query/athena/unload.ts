import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { RecordBatch } from "apache-arrow";
import type { S3Client } from "bun";
import { AppError, throwIfCancelled } from "../../errors.ts";
import { removeTree } from "../../lake/files.ts";
import type { Column } from "../../schema/columns.ts";
import { comparePartitions, PARTITION_COLUMNS, type PartitionKey } from "../../schema/partition.ts";
import type { TableResult } from "../../schema/query.ts";
import { fromAws } from "../aws/athena.ts";
import { deleteObjects, listObjects, parseS3 } from "../aws/s3.ts";
import { type Database, openDatabase } from "../database.ts";
import { streamBatches } from "../duckdb/stream.ts";
import { quoteList, quoteName, quoteNames, quoteText } from "../sql.ts";
import type { Execution } from "./execution.ts";

export interface UnloadEffects {
  /** Runs a statement at Athena to completion. */
  execute(sql: string, signal: AbortSignal | undefined): Promise<Execution>;
  s3(bucket: string): Promise<S3Client>;
  scratch: string;
  /** `s3://bucket/folder`: results go to a new subfolder, which is removed at the end. */
  output: string;
}

/**
 * Rows of a SELECT through Parquet in S3: any number, fully typed. `columns` are those of the SELECT with the
 * wanted types. Removes the files from S3 and this machine when the rows are read or on failure.
 */
export async function unload(
  sql: string,
  columns: readonly Column[],
  effects: UnloadEffects,
  signal: AbortSignal | undefined,
): Promise<TableResult> {
  const id = Bun.randomUUIDv7();
  const { bucket, key } = parseS3(effects.output);
  const prefix = `${key === "" || key.endsWith("/") ? key : `${key}/`}unload/${id}/`;
  const folder = join(effects.scratch, `unload-${id}`);
  const target = `s3://${bucket}/${prefix}`;
  const client = await effects.s3(bucket);
  const clear = async () => {
    await removeTree(folder);
    const keys = (await Array.fromAsync(listObjects(client, prefix))).map((object) => object.key);
    await deleteObjects(client, keys);
  };
  try {
    const { stats } = await effects.execute(
      `UNLOAD (${sql}) TO ${quoteText(target)} WITH (format = 'PARQUET', compression = 'ZSTD')`,
      signal,
    );
    await mkdir(folder, { recursive: true });
    const files = await fetchObjects(client, prefix, folder, signal);
    const { arrowSchema } = await import("../arrow/types.ts");
    const schema = arrowSchema(columns);
    const batches = async function* (): AsyncGenerator<RecordBatch> {
      const database = await openDatabase({ scratch: effects.scratch });
      try {
        if (files.length === 0) return;
        const source = { database, schema, stats: { engineMs: 0 } };
        const select = await selectFiles(database, files, columns);
        yield* streamBatches(source, [], select, Number.MAX_SAFE_INTEGER, signal);
      } finally {
        database.close();
        await clear();
      }
    };
    return { columns: [...columns], schema, batches: batches(), stats };
  } catch (error) {
    await clear().catch(() => {}); // keep the first error
    throw error instanceof AppError ? error : fromAws(error, `the results in ${target}`);
  }
}

async function fetchObjects(
  client: S3Client,
  prefix: string,
  folder: string,
  signal: AbortSignal | undefined,
): Promise<string[]> {
  const files: string[] = [];
  for await (const { key, sizeBytes } of listObjects(client, prefix)) {
    throwIfCancelled(signal);
    if (sizeBytes === 0 || key.endsWith("/")) continue;
    const path = join(folder, `${files.length}.parquet`);
    await Bun.write(path, new Response(client.file(key).stream()));
    files.push(path);
  }
  return files;
}

/** Rows in lake order: Athena writes several files at once without a global order. */
async function selectFiles(
  database: Database,
  files: readonly string[],
  columns: readonly Column[],
): Promise<string> {
  const from = `FROM read_parquet(${quoteList(files)})`;
  const list = columns.map(({ name, type }) => `CAST(${quoteName(name)} AS ${type}) AS ${quoteName(name)}`);
  const has = (name: string) => columns.some((column) => column.name === name);
  const order = ["upload_id", "source_row"].filter(has).map(quoteName);
  if (PARTITION_COLUMNS.every(has)) {
    const keys = await database.rows<PartitionKey>(
      `SELECT DISTINCT ${quoteNames(PARTITION_COLUMNS)} ${from}`,
    );
    // DuckDB orders texts differently: partitions are ordered by UTF-16 units. Names contain no slash.
    const names = keys
      .sort(comparePartitions)
      .map((key) => PARTITION_COLUMNS.map((name) => key[name]).join("/"));
    order.unshift(`list_position(${quoteList(names)}, concat_ws('/', ${quoteNames(PARTITION_COLUMNS)}))`);
  }
  return `SELECT ${list.join(", ")} ${from}${order.length === 0 ? "" : ` ORDER BY ${order.join(", ")}`}`;
}
