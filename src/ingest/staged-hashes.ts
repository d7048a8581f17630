import { quoteName, quoteText } from "../query/sql.ts";
import { factColumn, type ImageColumn } from "../schema/image-columns.ts";

/**
 * SELECT of the SHA-256 of every content that rows staged in a Parquet file name in these columns: `source_row`, `hash`.
 * The rows are their writer's: a hash may be any text.
 */
export function selectHashes(file: string, columns: readonly ImageColumn[], where = "true"): string {
  const selects = columns.map((column) => {
    const name = quoteName(factColumn(column, "source_hash"));
    const hash = column.list ? `unnest(${name}::VARCHAR[])` : `${name}::VARCHAR`;
    return `SELECT source_row, ${hash} AS hash FROM read_parquet(${quoteText(file)}, hive_partitioning = false) WHERE ${name} IS NOT NULL AND ${where}`;
  });
  return selects.length === 0
    ? "SELECT NULL::BIGINT AS source_row, NULL::VARCHAR AS hash WHERE false"
    : selects.join(" UNION ALL ");
}
