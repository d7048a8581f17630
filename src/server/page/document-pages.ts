import type { Database } from "../../query/database.ts";
import type { StoredPartition } from "../../query/duckdb/described.ts";
import { findInPartitions, readNumbers } from "../../query/duckdb/rows-at.ts";
import { quoteText } from "../../query/sql.ts";
import type { Column } from "../../schema/columns.ts";
import type { BrowseRow, DocumentPlace } from "../../schema/page-documents.ts";
import { formatPartition } from "../../schema/partition.ts";
import { describeBatch, shownColumns } from "./browse.ts";

/** A row with the partition that holds it. */
export interface FoundRow {
  partition: StoredPartition;
  row: BrowseRow;
}

/**
 * Where a row stands in the document that was split into pages, with the rows of the same partition that show the pages
 * before and after. Labels know that by the raw row of their page, which is among `same`: the rows that show it.
 */
export async function findDocumentPages(
  database: Database,
  own: StoredPartition,
  same: readonly FoundRow[],
  signal: AbortSignal,
): Promise<DocumentPlace | null> {
  const isSplit = ({ row }: FoundRow) => row.document !== null && row.page !== null;
  const source = same.find((one) => isSplit(one) && one.partition === own) ?? same.find(isSplit);
  if (source === undefined) return null;
  const { document, page, pages } = source.row as FoundRow["row"] & { document: string; page: number };
  const columns: Column[] = [
    { name: "document", type: "VARCHAR" },
    { name: "page", type: "INTEGER" },
  ];
  const where = `document = ${quoteText(document)} AND page IN (${page - 1}, ${page + 1})`;
  const beside = await readWhere(database, [source.partition], columns, where, signal);
  const keyOf = async (wanted: number) => {
    const found = beside.find(({ row }) => row.page === wanted);
    if (found === undefined || found.row.hash === null) return null;
    if (formatPartition(source.partition) === formatPartition(own)) return found.row.key;
    const hash: Column[] = [{ name: "hash", type: "VARCHAR" }];
    const [label] = await readWhere(database, [own], hash, `hash = ${quoteText(found.row.hash)}`, signal);
    return label?.row.key ?? null;
  };
  return { page, pages, before: await keyOf(page - 1), after: await keyOf(page + 1) };
}

const MAX_ROWS = 50;

/** The rows of these partitions for which a condition over some columns holds, 50 at most. */
export async function readWhere(
  database: Database,
  partitions: readonly StoredPartition[],
  columns: readonly Column[],
  where: string,
  signal: AbortSignal,
): Promise<FoundRow[]> {
  const rows: FoundRow[] = [];
  for (const { partition, numbers } of await findInPartitions(
    database,
    partitions,
    columns,
    where,
    MAX_ROWS,
  )) {
    const read = await readNumbers(database, partition, numbers, shownColumns(partition), signal);
    for (const batch of read.batches) {
      for (const row of describeBatch(partition, read.columns, batch)) rows.push({ partition, row });
    }
  }
  return rows;
}
