import * as v from "valibot";
import type { Database } from "../query/database.ts";
import { quoteName, quoteText } from "../query/sql.ts";
import { STAGED_REJECT_COLUMN } from "../schema/columns.ts";
import { Sha256Schema } from "../schema/names.ts";
import type { UploadManifest } from "../schema/upload.ts";

/** What the processing of a staged row depends on; its other columns never leave the database. */
export interface StagedRow {
  source_row: number;
  source_hash: string | null;
  source_name: string | null;
  reference: string | null;
  /** Why the client rejected it. */
  reject: string | null;
}

const NO_DIGEST = "its content is named by something that is no SHA-256";

/** The column of staged data.parquet, or NULL where an upload has no such column. */
export function stagedColumn(columns: ReadonlySet<string>, name: string): string {
  return columns.has(name) ? quoteName(name) : "NULL::VARCHAR";
}

/** Names of the columns of a Parquet file, from its footer. */
export async function parquetColumns(database: Database, file: string): Promise<Set<string>> {
  const rows = await database.rows<{ column_name: string }>(
    `DESCRIBE SELECT * FROM read_parquet(${quoteText(file)}, hive_partitioning = false)`,
  );
  return new Set(rows.map((row) => row.column_name));
}

/** Streams the rows of staged data.parquet in input order, `batchSize` at a time. */
export async function* readStagedRows(
  database: Database,
  file: string,
  columns: ReadonlySet<string>,
  manifest: UploadManifest,
  batchSize: number,
): AsyncGenerator<StagedRow[]> {
  const reference = manifest.reference === null ? "NULL::VARCHAR" : stagedColumn(columns, manifest.reference);
  const result = await database.stream(`SELECT "source_row", ${stagedColumn(columns, "source_hash")}::VARCHAR,
    ${stagedColumn(columns, "source_name")}, ${reference}::VARCHAR, ${stagedColumn(columns, STAGED_REJECT_COLUMN)}
    FROM read_parquet(${quoteText(file)}, hive_partitioning = false)`);
  let batch: StagedRow[] = [];
  for (;;) {
    const chunk = await result.fetchChunk();
    if (chunk === null || chunk.rowCount === 0) break;
    const values = chunk.getColumns();
    const text = (column: number, row: number) => (values[column]?.[row] ?? null) as string | null;
    for (let row = 0; row < chunk.rowCount; row++) {
      const named = text(1, row);
      // A content's file is found by its digest: nothing else may lead to a file.
      const source_hash = named === null || v.is(Sha256Schema, named) ? named : null;
      const noDigest = source_hash === named ? null : NO_DIGEST;
      batch.push({
        source_row: Number(values[0]?.[row]),
        source_hash,
        source_name: text(2, row),
        reference: text(3, row),
        reject: text(4, row) ?? noDigest,
      });
      if (batch.length >= batchSize) {
        yield batch;
        batch = [];
      }
    }
  }
  if (batch.length > 0) yield batch;
}

/** The name that a content has in the first of its rows. */
export async function firstSourceName(
  database: Database,
  source: { file: string; columns: ReadonlySet<string> },
  sourceHash: string,
): Promise<string | null> {
  const [row] = await database.rows<{ name: string | null }>(
    `SELECT arg_min(${stagedColumn(source.columns, "source_name")}, source_row) AS name
     FROM read_parquet(${quoteText(source.file)}, hive_partitioning = false) WHERE source_hash = $1`,
    [sourceHash],
  );
  return row?.name ?? null;
}
