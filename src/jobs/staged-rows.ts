import type { DuckDBListValue } from "@duckdb/node-api";
import * as v from "valibot";
import type { Database } from "../query/database.ts";
import { quoteName, quoteText } from "../query/sql.ts";
import { STAGED_REJECT_COLUMN } from "../schema/columns.ts";
import { factColumn, type ImageColumn } from "../schema/image-columns.ts";
import { Sha256Schema } from "../schema/names.ts";
import { broughtColumns, type UploadManifest } from "../schema/upload.ts";

export interface StagedContent {
  /** Null for an element of a list that is no image. */
  source_hash: string | null;
  source_name: string | null;
}

/** What the processing of a staged row depends on; its other columns never leave the database. */
export interface StagedRow {
  source_row: number;
  /** By the columns that it brings images in: at most one, or the elements of a list; null for a row without a list. */
  contents: readonly (readonly StagedContent[] | null)[];
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
  const brought = broughtColumns(manifest);
  const contents = brought.flatMap((column) => stagedContent(columns, column));
  const select = [
    '"source_row"',
    `${reference}::VARCHAR`,
    `${stagedColumn(columns, STAGED_REJECT_COLUMN)}::VARCHAR`,
    ...contents,
  ];
  const sql = `SELECT ${select.join(", ")} FROM read_parquet(${quoteText(file)}, hive_partitioning = false)`;
  let batch: StagedRow[] = [];
  for await (const chunk of database.chunks(sql)) {
    const values = chunk.getColumns();
    const text = (column: number, row: number) => (values[column]?.[row] ?? null) as string | null;
    for (let row = 0; row < chunk.rowCount; row++) {
      const contents = brought.map(({ list }, at) => {
        const [hashes, names] = [values[3 + at * 2]?.[row], values[4 + at * 2]?.[row]];
        return list ? listContents(hashes, names) : oneContent(hashes, names);
      });
      // A content's file is found by its digest: nothing else may lead to a file.
      const areDigests = contents
        .flatMap((content) => content ?? [])
        .every(({ source_hash: hash }) => hash === null || v.is(Sha256Schema, hash));
      batch.push({
        source_row: Number(values[0]?.[row]),
        reference: text(1, row),
        reject: text(2, row) ?? (areDigests ? null : NO_DIGEST),
        contents: areDigests ? contents : [],
      });
      if (batch.length >= batchSize) {
        yield batch;
        batch = [];
      }
    }
  }
  if (batch.length > 0) yield batch;
}

/** Hashes and names of the contents of a column, as VARCHAR or lists of them: types of staged rows are their writer's. */
function stagedContent(columns: ReadonlySet<string>, column: ImageColumn): string[] {
  const type = column.list ? "VARCHAR[]" : "VARCHAR";
  const facts = ["source_hash", "source_name"] as const;
  return facts.map((fact) => `${stagedColumn(columns, factColumn(column, fact))}::${type}`);
}

function oneContent(hash: unknown, name: unknown): StagedContent[] {
  return hash == null ? [] : [{ source_hash: String(hash), source_name: textOf(name) }];
}

function listContents(hashes: unknown, names: unknown): StagedContent[] | null {
  if (hashes == null) return null;
  // Of the class only the type is imported: the library is loaded when the settings have said where it is unpacked.
  const itemsOf = (list: unknown) => (list as DuckDBListValue | null)?.items ?? [];
  const named = itemsOf(names);
  return itemsOf(hashes).map((hash, at) => ({ source_hash: textOf(hash), source_name: textOf(named[at]) }));
}

function textOf(value: unknown): string | null {
  return value == null ? null : String(value);
}

/** The name that a content has in the first of its rows. */
export async function firstSourceName(
  database: Database,
  source: { file: string; columns: ReadonlySet<string>; manifest: UploadManifest },
  sourceHash: string,
): Promise<string | null> {
  for (const column of broughtColumns(source.manifest)) {
    const [hash, name] = stagedContent(source.columns, column).map((fact) =>
      column.list ? `unnest(${fact})` : fact,
    );
    const [row] = await database.rows<{ name: string | null }>(
      `SELECT arg_min(name, source_row) AS name FROM (SELECT source_row, ${hash} AS hash, ${name} AS name
       FROM read_parquet(${quoteText(source.file)}, hive_partitioning = false)) WHERE hash = $1`,
      [sourceHash],
    );
    if (row?.name != null) return row.name;
  }
  return null;
}
