import type { DuckDBAppender, DuckDBConnection, DuckDBType, DuckDBValue } from "@duckdb/node-api";
import type { Database } from "../query/database.ts";
import { quoteName } from "../query/sql.ts";
import {
  factColumn,
  IMAGE_FACTS,
  type ImageColumn,
  type ImageFact,
  isOwn,
  OWN_IMAGE,
} from "../schema/image-columns.ts";
import {
  DOCUMENT_COLUMN,
  DOCUMENT_PATH_COLUMN,
  PAGE_SOURCE_COLUMN,
  TEXT_LAYER_COLUMN,
} from "../schema/pages.ts";
import { broughtColumns, type UploadManifest } from "../schema/upload.ts";
import type { FoundAsset } from "./found-contents.ts";

/** The assets of a row's image column: at most one, or the list's elements, null for one without image. */
export type AssetCell = readonly (FoundAsset | null)[] | null;

/**
 * Result of a staged row: its rejection reason, or the assets it stores or refers to, by `resultColumns`.
 * `source_name` is that of the referenced asset.
 */
export interface ContentResult {
  reason: string | null;
  assets: readonly AssetCell[];
  source_name: string | null;
  /** SHA-256 of the document of which the row is a page. */
  document?: string | undefined;
}

/** One row per staged row in the same order; joined by position. */
export const RESULTS_TABLE = "row_results";

/** The same for label rejections of a strict upload. */
export const LABELS_TABLE = "label_rejects";

/** Image facts from processing; the others are staged with the row. */
type ResultFact = Exclude<ImageFact, "source_hash" | "source_name">;
export const RESULT_FACTS = IMAGE_FACTS.filter(
  (fact): fact is { name: ResultFact; type: string } => !["source_hash", "source_name"].includes(fact.name),
);

/** Image columns of an upload's results: the row's own or referenced image first, then further images. */
export function resultColumns(manifest: UploadManifest): ImageColumn[] {
  const brought = broughtColumns(manifest);
  return manifest.reference === null || brought.some(isOwn) ? brought : [OWN_IMAGE, ...brought];
}

export interface ResultWriter {
  append(results: ContentResult[]): void;
  close(): void;
}

/** For uploads of pages: the document and the columns filled by processing. */
const PAGE_RESULTS = [DOCUMENT_COLUMN, PAGE_SOURCE_COLUMN, DOCUMENT_PATH_COLUMN, TEXT_LAYER_COLUMN];

/** Creates an empty results table and an appender on its own connection. `document_path` is filled later. */
export async function createResultWriter(
  database: Database,
  columns: readonly ImageColumn[],
  { ofPages }: { ofPages: boolean },
): Promise<ResultWriter> {
  const { DuckDBDataChunk, LIST, listValue, VARCHAR, INTEGER, BIGINT, DOUBLE } = await import(
    "@duckdb/node-api"
  );
  const scalars: Record<string, DuckDBType> = { VARCHAR, INTEGER, BIGINT, DOUBLE };
  const facts = columns.flatMap((column, at) =>
    RESULT_FACTS.map(({ name, type }) => ({ column, at, name, type: scalars[type] ?? VARCHAR })),
  );
  const paged = ofPages ? PAGE_RESULTS.map(({ name }) => name) : [];
  const types = [
    VARCHAR,
    VARCHAR,
    ...facts.map(({ column, type }) => (column.list ? LIST(type) : type)),
    ...paged.map(() => VARCHAR),
  ];
  const names = [
    "reason",
    "source_name",
    ...facts.map(({ column, name }) => factColumn(column, name)),
    ...paged,
  ];
  const own = columns.findIndex(isOwn);
  const pageValue = ({ assets, document }: ContentResult, name: string): string | null => {
    const asset = assets[own]?.[0];
    if (name === DOCUMENT_COLUMN.name) return document ?? null;
    if (name === PAGE_SOURCE_COLUMN.name) return (document && asset?.page_source) ?? null;
    return name === TEXT_LAYER_COLUMN.name ? (asset?.text_layer ?? null) : null;
  };
  const defined = names.map((name, at) => `${quoteName(name)} ${types[at]}`).join(", ");
  await database.run(`CREATE OR REPLACE TABLE ${RESULTS_TABLE} (${defined})`);
  const cellValue = (cell: AssetCell | undefined, list: boolean, fact: ResultFact): DuckDBValue => {
    if (cell == null) return null;
    const values = cell.map((asset) => factOf(asset, fact));
    return list ? listValue(values) : (values[0] ?? null);
  };
  const connection: DuckDBConnection = await database.instance.connect();
  const appender: DuckDBAppender = await connection.createAppender(RESULTS_TABLE);
  const chunkRows = 2048; // maximum size of a DuckDB vector
  const appendChunk = (results: ContentResult[]) => {
    const chunk = DuckDBDataChunk.create(types, results.length);
    chunk.setColumns([
      results.map((result) => result.reason),
      results.map((result) => result.source_name),
      ...facts.map(({ column, at, name }) =>
        results.map((result) => cellValue(result.assets[at], column.list, name)),
      ),
      ...paged.map((name) => results.map((result) => pageValue(result, name))),
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

function factOf(asset: FoundAsset | null, fact: ResultFact): DuckDBValue {
  if (asset === null) return null;
  return fact === "bytes" ? BigInt(asset.bytes) : asset[fact];
}

/** The pages whose words were asked for and that are not rejected, and those of them without a word. */
export async function countTextLayers(database: Database): Promise<{ pages: number; without_text: number }> {
  const [counted] = await database.rows<{ pages: number; without_text: number }>(
    `SELECT count(*) AS pages, count(*) - count(${quoteName(TEXT_LAYER_COLUMN.name)}) AS without_text FROM ${RESULTS_TABLE}
     WHERE reason IS NULL AND ${quoteName(DOCUMENT_COLUMN.name)} IS NOT NULL`,
  );
  return counted ?? { pages: 0, without_text: 0 };
}

export async function dropResults(database: Database): Promise<void> {
  for (const table of [RESULTS_TABLE, LABELS_TABLE]) await database.run(`DROP TABLE IF EXISTS ${table}`);
}
