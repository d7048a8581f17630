import { quoteName, quoteText } from "../query/sql.ts";
import { STAGED_REJECT_COLUMN, SYSTEM_COLUMNS } from "../schema/columns.ts";
import type { UploadManifest } from "../schema/upload.ts";
import { RESULTS_TABLE } from "./row-results.ts";
import { stagedColumn } from "./staged-rows.ts";

type SystemColumn = (typeof SYSTEM_COLUMNS)[number]["name"];

const OF_REFERENCE: readonly SystemColumn[] = [
  "hash",
  "path",
  "width",
  "height",
  "format",
  "bytes",
  "pages",
  "orientation",
  "dpi",
  "source_name",
  "upload_id",
  "source_row",
];
const OF_PLAIN_ROW: readonly SystemColumn[] = ["upload_id", "source_row"];
const FROM_RESULTS: readonly SystemColumn[] = [
  "hash",
  "path",
  "width",
  "height",
  "format",
  "bytes",
  "pages",
  "orientation",
  "dpi",
  "pixel_hash",
];

export interface StagedSource {
  /** A path by which the engine opens staged data.parquet, which is held open meanwhile. */
  file: string;
  /** The columns it has. */
  columns: ReadonlySet<string>;
  manifest: UploadManifest;
}

/** Whether rows need more than the database knows: contents to store or references to resolve. */
export function needsResults(manifest: UploadManifest): boolean {
  return manifest.content !== null || manifest.reference !== null;
}

/** The system columns that the rows of an upload get, in their order. */
export function systemColumnsOf(manifest: UploadManifest): readonly SystemColumn[] {
  if (manifest.content !== null) return SYSTEM_COLUMNS.map((column) => column.name);
  return manifest.reference !== null ? OF_REFERENCE : OF_PLAIN_ROW;
}

/** SELECT of the rows to publish: the user's columns in input order, then the system columns; in input order. */
export function selectPublished(source: StagedSource): string {
  const { manifest } = source;
  const system = new Set<string>([...SYSTEM_COLUMNS.map((column) => column.name), STAGED_REJECT_COLUMN]);
  const own = manifest.columns
    .filter((column) => !system.has(column.name))
    .map((column) => `s.${quoteName(column.name)}`);
  const filled = systemColumnsOf(manifest).map((name) => systemColumn(source, name));
  return `SELECT ${[...own, ...filled].join(", ")} FROM ${joined(source)} WHERE ${reason(source)} IS NULL`;
}

/** SELECT of the rejected rows: `source_row`, `source_name`, `reason`. */
export function selectRejected(source: StagedSource): string {
  const name = rowColumn(source, "source_name");
  return `SELECT s."source_row" AS source_row, ${name} AS source_name, ${reason(source)} AS reason
    FROM ${joined(source)} WHERE ${reason(source)} IS NOT NULL`;
}

/** SELECT of how many rows are rejected. */
export function countRejected(source: StagedSource): string {
  return `SELECT count(*) AS rejected FROM ${joined(source)} WHERE ${reason(source)} IS NOT NULL`;
}

function joined(source: StagedSource): string {
  const staged = `read_parquet(${quoteText(source.file)}, hive_partitioning = false) s`;
  return needsResults(source.manifest) ? `${staged} POSITIONAL JOIN ${RESULTS_TABLE} r` : staged;
}

function reason(source: StagedSource): string {
  return needsResults(source.manifest) ? "r.reason" : rowColumn(source, STAGED_REJECT_COLUMN);
}

function systemColumn(source: StagedSource, name: SystemColumn): string {
  const type = SYSTEM_COLUMNS.find((column) => column.name === name)?.type ?? "VARCHAR";
  const as = (expression: string) => `${expression}::${type} AS ${quoteName(name)}`;
  if (name === "upload_id") return as(quoteText(source.manifest.upload_id));
  if (name === "source_name" && source.manifest.reference !== null) {
    return as(`coalesce(r.source_name, ${rowColumn(source, name)})`);
  }
  return as(FROM_RESULTS.includes(name) ? `r.${quoteName(name)}` : rowColumn(source, name));
}

function rowColumn(source: StagedSource, name: string): string {
  return source.columns.has(name) ? `s.${quoteName(name)}` : stagedColumn(source.columns, name);
}
