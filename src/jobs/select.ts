import { quoteName, quoteText } from "../query/sql.ts";
import { STAGED_REJECT_COLUMN, SYSTEM_COLUMNS } from "../schema/columns.ts";
import {
  factColumn,
  factColumns,
  IMAGE_FACTS,
  type ImageColumn,
  type ImageFact,
  isOwn,
} from "../schema/image-columns.ts";
import { DOCUMENT_COLUMN, PAGE_COLUMN, PAGE_SOURCE_COLUMN, pageResultColumns } from "../schema/pages.ts";
import type { UploadManifest } from "../schema/upload.ts";
import { LABELS_TABLE, RESULT_FACTS, RESULTS_TABLE, resultColumns } from "./row-results.ts";
import { stagedColumn } from "./staged-rows.ts";

/** Facts left out for a referenced asset: they describe its own upload. */
const NOT_OF_REFERENCE: readonly string[] = ["source_hash", "pixel_hash"];

export interface StagedRows {
  /** Path for the engine to open staged data.parquet, which is held open. */
  file: string;
  columns: ReadonlySet<string>;
  manifest: UploadManifest;
  /** Rows are also rejected for labels, by `LABELS_TABLE`. */
  hasLabelRejects?: boolean;
}

/** Whether rows have contents to store or references to resolve. */
export function needsResults(manifest: UploadManifest): boolean {
  return manifest.content !== null || manifest.reference !== null;
}

/** SELECT of the rows to publish in input order: user columns, facts of further images, lake columns. */
export function selectPublished(source: StagedRows): string {
  const { manifest } = source;
  const columns = resultColumns(manifest);
  const filled = columns.flatMap(factColumns).map(({ name }) => name);
  const system = new Set<string>([
    ...SYSTEM_COLUMNS.map(({ name }) => name),
    ...filled,
    STAGED_REJECT_COLUMN,
  ]);
  const found = new Set<string>(manifest.pages && pageResultColumns(manifest.pages).map(({ name }) => name));
  const own = manifest.columns
    .filter((column) => !system.has(column.name))
    .map(({ name }) => `${found.has(name) ? "r" : "s"}.${quoteName(name)}`);
  const [ofRow, further] = [columns.filter(isOwn), columns.filter((column) => !isOwn(column))];
  const facts = [...further, ...ofRow].flatMap((column) => selectFacts(source, column));
  const last = [
    `${quoteText(manifest.upload_id)}::VARCHAR AS upload_id`,
    `${rowColumn(source, "source_row")}::BIGINT AS source_row`,
  ];
  return `SELECT ${[...own, ...facts, ...last].join(", ")} FROM ${joined(source)} WHERE ${reason(source)} IS NULL`;
}

/**
 * SELECT of the rejected rows: `source_row`, `source_name`, `reason`; `source_hash` of the image that the row brought, or of the
 * document of which it is the `page`; `path` of an asset.
 */
export function selectRejected(source: StagedRows): string {
  const name = rowColumn(source, "source_name");
  const { manifest } = source;
  const own = rowColumn(source, "source_hash");
  const document = manifest.pages && rowColumn(source, DOCUMENT_COLUMN.name);
  const given = `${document ? `coalesce(${document}, ${own})` : own}::VARCHAR`;
  // What is no digest must not become the name of a file.
  const hash = `CASE WHEN regexp_full_match(${given}, '[0-9a-f]{64}') THEN ${given} END`;
  const page = document
    ? `CASE WHEN ${document} IS NOT NULL THEN TRY_CAST(${rowColumn(source, PAGE_COLUMN.name)} AS INTEGER) END`
    : "NULL";
  const hasAsset = needsResults(manifest) && resultColumns(manifest).some((one) => isOwn(one) && !one.list);
  return `SELECT s."source_row" AS source_row, ${name} AS source_name, ${reason(source)} AS reason,
    ${hash}::VARCHAR AS source_hash, ${page}::INTEGER AS page, ${hasAsset ? 'r."path"' : "NULL"}::VARCHAR AS path
    FROM ${joined(source)} WHERE ${reason(source)} IS NOT NULL`;
}

export function countRejected(source: StagedRows): string {
  return `SELECT count(*) AS rejected FROM ${joined(source)} WHERE ${reason(source)} IS NOT NULL`;
}

/** SELECT of the documents with published pages, with the name of the first: `document`, `name`. */
export function selectDocuments(source: StagedRows, { onlyDrawn }: { onlyDrawn: boolean }): string {
  const document = `r.${quoteName(DOCUMENT_COLUMN.name)}`;
  const drawn = `bool_or(r.${quoteName(PAGE_SOURCE_COLUMN.name)} = 'drawn')`;
  return `SELECT ${document} AS document, arg_min(${rowColumn(source, "source_name")}, s."source_row") AS name
    FROM ${joined(source)} WHERE r.reason IS NULL AND ${document} IS NOT NULL
    GROUP BY ${document} HAVING ${onlyDrawn ? drawn : "true"} ORDER BY min(s."source_row")`;
}

/**
 * SELECT of `source_row`, name and rejection reason of every staged row in input order, then `expressions`
 * over `s` (staged row) and `r` (its results).
 */
export function selectStaged(source: StagedRows, expressions: readonly string[]): string {
  const name = rowColumn(source, "source_name");
  const plain = { ...source, hasLabelRejects: false };
  return `SELECT ${['s."source_row"', name, reason(plain), ...expressions].join(", ")} FROM ${joined(plain)}`;
}

function joined(source: StagedRows): string {
  const staged = `read_parquet(${quoteText(source.file)}, hive_partitioning = false) s`;
  const results = needsResults(source.manifest) ? ` POSITIONAL JOIN ${RESULTS_TABLE} r` : "";
  return `${staged}${results}${source.hasLabelRejects ? ` POSITIONAL JOIN ${LABELS_TABLE} l` : ""}`;
}

function reason(source: StagedRows): string {
  const own = needsResults(source.manifest) ? "r.reason" : rowColumn(source, STAGED_REJECT_COLUMN);
  return source.hasLabelRejects ? `coalesce(${own}, l.reason)` : own;
}

/** Facts of an image column, from the results and from the staged row. */
function selectFacts(source: StagedRows, column: ImageColumn): string[] {
  const isReferred = isOwn(column) && source.manifest.reference !== null;
  const facts = IMAGE_FACTS.filter(({ name }) => !(isReferred && NOT_OF_REFERENCE.includes(name)));
  return facts.map(({ name, type }) => {
    const value = selectFact(source, column, name);
    return `${value}::${type}${column.list ? "[]" : ""} AS ${quoteName(factColumn(column, name))}`;
  });
}

/** A fact of an image column, over `s` (staged row) and `r` (its results). */
export function selectFact(source: StagedRows, column: ImageColumn, fact: ImageFact): string {
  const name = factColumn(column, fact);
  const isResult = RESULT_FACTS.some((one) => one.name === fact);
  const staged = isResult ? `r.${quoteName(name)}` : rowColumn(source, name);
  const isReferred = isOwn(column) && source.manifest.reference !== null;
  return isReferred && fact === "source_name" ? `coalesce(r.source_name, ${staged})` : staged;
}

function rowColumn(source: StagedRows, name: string): string {
  return source.columns.has(name) ? `s.${quoteName(name)}` : stagedColumn(source.columns, name);
}
