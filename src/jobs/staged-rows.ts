import type { DuckDBListValue } from "@duckdb/node-api";
import * as v from "valibot";
import type { Database } from "../query/database.ts";
import { quoteName, quoteText } from "../query/sql.ts";
import { STAGED_REJECT_COLUMN } from "../schema/columns.ts";
import { factColumn, type ImageColumn, isOwn } from "../schema/image-columns.ts";
import { Sha256Schema } from "../schema/names.ts";
import { DOCUMENT_COLUMN, PAGE_COLUMN, type PageSettings, pageHash } from "../schema/pages.ts";
import { broughtColumns, type UploadManifest } from "../schema/upload.ts";

export interface StagedContent {
  /** Null for a list element without image. */
  source_hash: string | null;
  source_name: string | null;
  /** Set for a page of a staged document. */
  page?: PageRef;
}

export interface PageRef {
  document: string;
  /** From 1. */
  page: number;
}

/** The part of a staged row needed for processing; other columns stay in the database. */
export interface StagedRow {
  source_row: number;
  /** By image column: at most one content, or the list's elements; null for a NULL list. */
  contents: RowContents;
  reference: string | null;
  /** Why the client rejected it. */
  reject: string | null;
}

const NO_DIGEST = "its content is named by something that is no SHA-256";
const OTHER_PAGE = "its content is named by something else than its page";

/** The column of staged data.parquet, or NULL if missing. */
export function stagedColumn(columns: ReadonlySet<string>, name: string): string {
  return columns.has(name) ? quoteName(name) : "NULL::VARCHAR";
}

export async function parquetColumns(database: Database, file: string): Promise<Set<string>> {
  const rows = await database.rows<{ column_name: string }>(
    `DESCRIBE SELECT * FROM read_parquet(${quoteText(file)}, hive_partitioning = false)`,
  );
  return new Set(rows.map((row) => row.column_name));
}

/** Streams staged data.parquet in input order, `batchSize` rows at a time. */
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
  const { pages } = manifest;
  const page = pages ? [DOCUMENT_COLUMN, PAGE_COLUMN] : [];
  const select = [
    '"source_row"',
    `${reference}::VARCHAR`,
    `${stagedColumn(columns, STAGED_REJECT_COLUMN)}::VARCHAR`,
    ...contents,
    ...page.map(({ name, type }) => `${stagedColumn(columns, name)}::${type}`),
  ];
  const sql = `SELECT ${select.join(", ")} FROM read_parquet(${quoteText(file)}, hive_partitioning = false)`;
  let batch: StagedRow[] = [];
  for await (const chunk of database.chunks(sql)) {
    const values = chunk.getColumns();
    const text = (column: number, row: number) => (values[column]?.[row] ?? null) as string | null;
    for (let row = 0; row < chunk.rowCount; row++) {
      const ref = pages && pageRef(text(3 + contents.length, row), values[4 + contents.length]?.[row]);
      const brings = brought.map((column, at) => {
        const [hashes, names] = [values[3 + at * 2]?.[row], values[4 + at * 2]?.[row]];
        if (column.list) return listContents(hashes, names);
        return oneContent(hashes, names, isOwn(column) ? ref : undefined);
      });
      const problem = pages && ref && isOtherPage(brings, pages) ? OTHER_PAGE : digestProblem(brings);
      batch.push({
        source_row: Number(values[0]?.[row]),
        reference: text(1, row),
        reject: text(2, row) ?? problem,
        contents: problem === null ? brings : [],
      });
      if (batch.length >= batchSize) {
        yield batch;
        batch = [];
      }
    }
  }
  if (batch.length > 0) yield batch;
}

/** Hashes and names of a content column as VARCHAR or lists, because the client chose the staged types. */
function stagedContent(columns: ReadonlySet<string>, column: ImageColumn): string[] {
  const type = column.list ? "VARCHAR[]" : "VARCHAR";
  const facts = ["source_hash", "source_name"] as const;
  return facts.map((fact) => `${stagedColumn(columns, factColumn(column, fact))}::${type}`);
}

function oneContent(hash: unknown, name: unknown, page: PageRef | undefined): StagedContent[] {
  return hash == null
    ? []
    : [{ source_hash: String(hash), source_name: textOf(name), ...(page && { page }) }];
}

function pageRef(document: string | null, page: unknown): PageRef | undefined {
  return document === null || page == null ? undefined : { document, page: Number(page) };
}

type RowContents = readonly (readonly StagedContent[] | null)[];

/** Clients write the rows: verify that a page's digest is derived from the page. */
function isOtherPage(contents: RowContents, settings: PageSettings): boolean {
  return contents
    .flatMap((content) => content ?? [])
    .some(({ source_hash: hash, page }) => page && hash !== pageHash(page.document, page.page, settings));
}

/** A digest is used as a file name, so nothing else may pass. */
function digestProblem(contents: RowContents): string | null {
  const isDigest = (hash: string | null) => hash === null || v.is(Sha256Schema, hash);
  const all = contents.flatMap((content) => content ?? []);
  const are = all.every(({ source_hash: hash, page }) => isDigest(hash) && isDigest(page?.document ?? null));
  return are ? null : NO_DIGEST;
}

function listContents(hashes: unknown, names: unknown): StagedContent[] | null {
  if (hashes == null) return null;
  // Imports the class as a type only: the library is loaded after the settings tell where it is unpacked.
  const itemsOf = (list: unknown) => (list as DuckDBListValue | null)?.items ?? [];
  const named = itemsOf(names);
  return itemsOf(hashes).map((hash, at) => ({ source_hash: textOf(hash), source_name: textOf(named[at]) }));
}

function textOf(value: unknown): string | null {
  return value == null ? null : String(value);
}

/** The name of a content in its first row. */
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
