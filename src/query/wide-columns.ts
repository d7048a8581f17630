/** Of more columns, what the engine keeps of each of them decides how much memory it takes, not the rows. */
export const WIDE_COLUMNS = 1000;

/** Of vectors of short texts; longer ones are written without a dictionary. */
const DICTIONARY_BYTES = 65_536;

/**
 * Options of COPY for Parquet of so many columns: the engine's own dictionary takes 1 MB of each column of text, however
 * few rows there are.
 */
export function wideOptions(columnCount: number): string {
  return columnCount > WIDE_COLUMNS ? `, STRING_DICTIONARY_PAGE_SIZE_LIMIT ${DICTIONARY_BYTES}` : "";
}
