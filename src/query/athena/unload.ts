import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { RecordBatch } from "apache-arrow";
import type { S3Client } from "bun";
import { AppError, throwIfCancelled } from "../../errors.ts";
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
  /** Runs a statement at Athena to its end. */
  execute(sql: string, signal: AbortSignal | undefined): Promise<Execution>;
  /** A client of a bucket. */
  s3(bucket: string): Promise<S3Client>;
  /** Local folder for what is fetched. */
  scratch: string;
  /** `s3://bucket/folder`: a fresh folder below it is made, and removed at the end. */
  output: string;
}

/**
 * The rows of a SELECT by way of Parquet in S3: any number, in their types. `columns` are those of the SELECT, in the
 * types wanted. What was written is removed from S3 and from this machine when the rows have been read, or when
 * something failed.
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
    await rm(folder, { recursive: true, force: true });
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
    await clear().catch(() => {}); // the first failure is the one to tell
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

/** Rows as they are ordered in the lake: Athena writes several files at once, and no order holds among them. */
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
    // Not as DuckDB orders texts: partitions go by UTF-16 units. No name has a slash in it.
    const names = keys
      .sort(comparePartitions)
      .map((key) => PARTITION_COLUMNS.map((name) => key[name]).join("/"));
    order.unshift(`list_position(${quoteList(names)}, concat_ws('/', ${quoteNames(PARTITION_COLUMNS)}))`);
  }
  return `SELECT ${list.join(", ")} ${from}${order.length === 0 ? "" : ` ORDER BY ${order.join(", ")}`}`;
}
