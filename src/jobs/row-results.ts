import type { DuckDBAppender, DuckDBConnection, DuckDBType } from "@duckdb/node-api";
import type { Database } from "../query/database.ts";
import type { AssetRecord } from "../schema/asset.ts";

/**
 * What processing found for one staged row: why it is rejected, or the asset it brings or refers to, or neither.
 * `source_name` is that of the asset referred to.
 */
export interface RowResult {
  reason: string | null;
  asset: AssetRecord | null;
  source_name: string | null;
}

/** The table with one row for each staged row, in the same order: the two are joined by position. */
export const RESULTS_TABLE = "row_results";

const COLUMNS = [
  "reason VARCHAR",
  "hash VARCHAR",
  "path VARCHAR",
  "width INTEGER",
  "height INTEGER",
  "format VARCHAR",
  "bytes BIGINT",
  "pages INTEGER",
  "orientation INTEGER",
  "dpi DOUBLE",
  "pixel_hash VARCHAR",
  "source_name VARCHAR",
];

export interface ResultWriter {
  append(results: RowResult[]): void;
  close(): void;
}

/** Makes an empty results table and an appender to it, on a connection of its own beside the one that reads. */
export async function createResultWriter(database: Database): Promise<ResultWriter> {
  const { DuckDBDataChunk, VARCHAR, INTEGER, BIGINT, DOUBLE } = await import("@duckdb/node-api");
  await database.run(`CREATE OR REPLACE TABLE ${RESULTS_TABLE} (${COLUMNS.join(", ")})`);
  const types: DuckDBType[] = [
    VARCHAR,
    VARCHAR,
    VARCHAR,
    INTEGER,
    INTEGER,
    VARCHAR,
    BIGINT,
    INTEGER,
    INTEGER,
    DOUBLE,
    VARCHAR,
    VARCHAR,
  ];
  const connection: DuckDBConnection = await database.instance.connect();
  const appender: DuckDBAppender = await connection.createAppender(RESULTS_TABLE);
  const chunkRows = 2048; // DuckDB's vector size: a chunk holds no more
  const appendChunk = (results: RowResult[]) => {
    const chunk = DuckDBDataChunk.create(types, results.length);
    chunk.setColumns([
      results.map((result) => result.reason),
      results.map((result) => result.asset?.hash ?? null),
      results.map((result) => result.asset?.path ?? null),
      results.map((result) => result.asset?.width ?? null),
      results.map((result) => result.asset?.height ?? null),
      results.map((result) => result.asset?.format ?? null),
      results.map((result) => (result.asset === null ? null : BigInt(result.asset.bytes))),
      results.map((result) => result.asset?.pages ?? null),
      results.map((result) => result.asset?.orientation ?? null),
      results.map((result) => result.asset?.dpi ?? null),
      results.map((result) => result.asset?.pixel_hash ?? null),
      results.map((result) => result.source_name),
    ]);
    appender.appendDataChunk(chunk);
  };
  let open = true;
  return {
    append: (results) => {
      for (let from = 0; from < results.length; from += chunkRows) {
        appendChunk(results.slice(from, from + chunkRows));
      }
    },
    close: () => {
      if (!open) return;
      open = false;
      appender.closeSync();
      connection.closeSync();
    },
  };
}

export async function dropResults(database: Database): Promise<void> {
  await database.run(`DROP TABLE IF EXISTS ${RESULTS_TABLE}`);
}
