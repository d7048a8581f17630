import type { RecordBatch, Schema } from "apache-arrow";
import * as v from "valibot";
import { AppError, throwIfCancelled } from "../../errors.ts";
import type { QueryEngine } from "../../query/engine.ts";
import { quoteName } from "../../query/sql.ts";
import { CatalogPartitionsSchema } from "../../schema/catalog-documents.ts";
import { parseValue } from "../../schema/check.ts";
import type { Column } from "../../schema/columns.ts";
import type { EngineName } from "../../schema/engines.ts";
import { createSelector } from "../../schema/partition.ts";
import type { RowQuery, RowResult, TableResult } from "../../schema/query.ts";
import { DESCRIBE_HEADER, DESCRIPTION_KEY } from "../../schema/result-description.ts";
import { decodeFailure, FAILURE_BYTES } from "../../schema/result-failure.ts";
import { connectHttp } from "./http.ts";

export interface RemoteEngineOptions {
  url: string;
  token?: string | undefined;
  /** Which of the server's engines answers. */
  name: EngineName;
}

/** An engine behind a server: rows come as Arrow, as they are read there; the limits of SQL are the server's. */
export function connectEngine({ url, token, name }: RemoteEngineOptions): QueryEngine {
  const http = connectHttp(url, token);
  const ask = async (path: string, query: object, signal: AbortSignal | undefined) => {
    const response = await http.send("POST", path, {
      body: { ...query, engine: name },
      headers: { accept: "application/vnd.apache.arrow.stream", [DESCRIBE_HEADER]: "yes" },
      signal,
    });
    return readRows(response, http.url, signal);
  };
  const retrieve = async (query: RowQuery, signal?: AbortSignal): Promise<RowResult> => {
    const { table, rows } = await ask("/search", query, signal);
    if (rows === undefined) throw noServer(http.url);
    return { ...table, ...rows };
  };
  const sql = async (text: string, signal?: AbortSignal): Promise<TableResult> =>
    (await ask("/query", { sql: text }, signal)).table;
  return {
    name,
    retrievePartitions: async (selection = {}, signal) => {
      const options = { signal, timeoutMs: LIST_TIMEOUT_MS };
      const { partitions } = await http.call("GET", "/partitions", CatalogPartitionsSchema, options);
      return partitions
        .filter(createSelector(selection))
        .map(({ provider, dataset, task, variant, rows }) => ({ provider, dataset, task, variant, rows }));
    },
    retrieveWithExistingCols: retrieve,
    listTables: async (signal) => {
      const names = await readCells(await sql("SHOW TABLES", signal), v.tuple([v.string()]), 1);
      return names.map(([table]) => table);
    },
    getTableInfo: async (table, signal): Promise<Column[]> => {
      const described = await sql(`DESCRIBE ${quoteName(table)}`, signal);
      const cells = await readCells(described, v.tuple([v.string(), v.string()]), 2);
      return cells.map(([column, type]) => ({ name: column, type }));
    },
    sql: (text, _limits, signal) => sql(text, signal),
    close: () => {},
  };
}

/** 100,000 partitions take a while. */
const LIST_TIMEOUT_MS = 600_000;

/** The end of an Arrow IPC stream: a continuation marker and a length of 0. What ends otherwise was cut. */
const END_OF_STREAM = Buffer.from([0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0]);

async function readRows(response: Response, url: string, signal: AbortSignal | undefined) {
  const [{ RecordBatchReader }, { readDescription }] = await Promise.all([
    import("apache-arrow"),
    import("../../query/arrow/described.ts"),
  ]);
  const reader = await RecordBatchReader.from(wholeStream(response, url, signal));
  await reader.open();
  const description = readDescription(reader.schema);
  if (description === undefined) throw noServer(url);
  const { columns, stats, rows, generation } = description;
  const batches = async function* (): AsyncGenerator<RecordBatch> {
    for await (const batch of reader) if (batch.numRows > 0) yield batch;
  };
  const schema = plainSchema(reader.schema);
  const table: TableResult = { columns, stats, schema, generation, batches: batches() };
  return { table, rows };
}

/** Without what the server said beside it. */
function plainSchema(schema: Schema): Schema {
  schema.metadata.delete(DESCRIPTION_KEY);
  return schema;
}

/** The bytes of a whole answer; throws what its end says, or that it has none. */
async function* wholeStream(
  response: Response,
  url: string,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
  let held: Uint8Array = new Uint8Array(0);
  try {
    for await (const chunk of response.body ?? []) {
      const bytes = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
      const known = Math.max(0, bytes.length - FAILURE_BYTES);
      if (known > 0) yield bytes.subarray(0, known);
      held = bytes.slice(known);
    }
  } catch (cause) {
    throwIfCancelled(signal);
    throw cutShort(url, cause);
  }
  throwIfCancelled(signal);
  const failure = decodeFailure(held);
  if (failure !== undefined) throw failure;
  if (!END_OF_STREAM.equals(held.subarray(-END_OF_STREAM.length))) throw cutShort(url, undefined);
  yield held;
}

function cutShort(url: string, cause: unknown): AppError {
  return new AppError(
    "engine_failed",
    `${url} stopped in the middle of the rows; see its log, or try again if the connection broke`,
    { details: { url }, cause },
  );
}

function noServer(url: string): AppError {
  return new AppError("server_unreachable", `${url} does not answer as a datalake server; check --server`, {
    details: { url },
  });
}

/** The first columns of all rows, checked. */
async function readCells<S extends v.GenericSchema>(
  table: TableResult,
  schema: S,
  columnCount: number,
): Promise<v.InferOutput<S>[]> {
  const rows: v.InferOutput<S>[] = [];
  for await (const batch of table.batches) {
    for (let row = 0; row < batch.numRows; row++) {
      const cells = Array.from({ length: columnCount }, (_, at) => batch.getChildAt(at)?.get(row));
      rows.push(parseValue(schema, cells));
    }
  }
  return rows;
}
