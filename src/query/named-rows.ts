import { AppError } from "../errors.ts";
import type { Column } from "../schema/columns.ts";
import {
  createSelector,
  formatPartition,
  PARTITION_COLUMNS,
  type PartitionKey,
  pickKey,
  type Selection,
} from "../schema/partition.ts";
import type { PartitionCount, RowQuery } from "../schema/query.ts";
import { type RowKey, readRowKey } from "../schema/row-key.ts";
import { quoteName, quoteText } from "./sql.ts";

/** The rows that a query names one by one; undefined if it does not. */
export function namedRows({ rows }: Pick<RowQuery, "rows">): RowKey[] | undefined {
  return rows?.map(readRowKey).filter((key) => key !== undefined);
}

/** The partitions to look at: those of the named rows, else the query's own selection. */
export function partitionsOf(query: RowQuery): Selection {
  const keys = namedRows(query);
  if (keys === undefined) return query;
  const all = (name: keyof PartitionKey) => [...new Set(keys.map((key) => key[name]))];
  return {
    providers: all("provider"),
    datasets: all("dataset"),
    tasks: all("task"),
    variants: all("variant"),
  };
}

/** Throws `not_found` if a partition has fewer of the named rows than the query names. */
export function refuseGoneRows(query: RowQuery, found: readonly PartitionCount[]): void {
  const keys = namedRows(query)?.filter(createSelector(query));
  if (keys === undefined) return;
  const counts = new Map(found.map((one) => [formatPartition(one), one.rows]));
  for (const [partition, named] of Map.groupBy(keys, formatPartition)) {
    const missing = named.length - (counts.get(partition) ?? 0);
    if (missing <= 0) continue;
    const which = missing === named.length ? `all ${named.length}` : `${missing} of the ${named.length}`;
    const [first] = named as [RowKey, ...RowKey[]];
    throw new AppError(
      "not_found",
      `${which} rows that are named of ${partition} are not there; a partition that was replaced has new rows: choose them again`,
      { details: { ...pickKey(first), named: named.length, missing } },
    );
  }
}

/** The columns that a key consists of. */
export const KEY_COLUMNS: readonly Column[] = [
  ...PARTITION_COLUMNS.map((name) => ({ name, type: "VARCHAR" })),
  { name: "upload_id", type: "VARCHAR" },
  { name: "source_row", type: "BIGINT" },
];

/** Of more uploads one list is quicker, which has to name the partition and the upload of each row. */
const MAX_UPLOADS = 100;

/** SQL that holds for these rows; the same in every dialect. */
export function renderNamedRows(keys: readonly RowKey[]): string {
  const uploads = Map.groupBy(keys, (key) => `${formatPartition(key)}/${key.uploadId}`);
  if (uploads.size > MAX_UPLOADS) return renderList(keys);
  const ofUploads = Array.from(uploads.values(), (some) => {
    const [first] = some as [RowKey, ...RowKey[]];
    const names = PARTITION_COLUMNS.map((name) => `${quoteName(name)} = ${quoteText(first[name])}`);
    const rows = some.map(({ sourceRow }) => sourceRow).join(", ");
    return `(${names.join(" AND ")} AND "upload_id" = ${quoteText(first.uploadId)} AND "source_row" IN (${rows}))`;
  });
  return `(${ofUploads.join(" OR ")})`;
}

function renderList(keys: readonly RowKey[]): string {
  const list = (texts: Iterable<string>) => Array.from(texts, quoteText).join(", ");
  const uploads = new Set(keys.map(({ uploadId }) => uploadId));
  const parts = KEY_COLUMNS.map(({ name, type }) =>
    type === "VARCHAR" ? quoteName(name) : `CAST(${quoteName(name)} AS VARCHAR)`,
  );
  const texts = keys.map((key) => `${formatPartition(key)}/${key.uploadId}/${key.sourceRow}`);
  // Skips what other uploads hold; one list costs the same for any number of rows.
  return `("upload_id" IN (${list(uploads)}) AND concat_ws('/', ${parts.join(", ")}) IN (${list(texts)}))`;
}
