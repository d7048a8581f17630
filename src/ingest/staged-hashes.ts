import { quoteName, quoteText } from "../query/sql.ts";
import { factColumn, type ImageColumn, isOwn } from "../schema/image-columns.ts";
import { DOCUMENT_COLUMN } from "../schema/pages.ts";

/**
 * SELECT of the SHA-256 of every content that rows staged in a Parquet file name in these columns: `source_row`, `hash`.
 * Of a page that is its document. The rows are their writer's: a hash may be any text.
 */
export function selectHashes(
  file: string,
  columns: readonly ImageColumn[],
  { ofPages, where = "true" }: { ofPages: boolean; where?: string },
): string {
  const selects = columns.map((column) => {
    const source = quoteName(factColumn(column, "source_hash"));
    const document = quoteName(DOCUMENT_COLUMN.name);
    const name = ofPages && isOwn(column) ? `coalesce(${document}, ${source})` : source;
    const hash = column.list ? `unnest(${name}::VARCHAR[])` : `${name}::VARCHAR`;
    return `SELECT source_row, ${hash} AS hash FROM read_parquet(${quoteText(file)}, hive_partitioning = false) WHERE ${name} IS NOT NULL AND ${where}`;
  });
  return selects.length === 0
    ? "SELECT NULL::BIGINT AS source_row, NULL::VARCHAR AS hash WHERE false"
    : selects.join(" UNION ALL ");
}
