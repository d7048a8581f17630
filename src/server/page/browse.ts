import type { RecordBatch } from "apache-arrow";
import type { DuckDBClient } from "../../query/duckdb/client.ts";
import type { StoredPartition } from "../../query/duckdb/described.ts";
import { type RowsAtRequest, readRowsAt } from "../../query/duckdb/rows-at.ts";
import { plainCells } from "../../query/output/cells.ts";
import type { Column } from "../../schema/columns.ts";
import type { BrowseDocument, BrowseRow } from "../../schema/page-documents.ts";
import type { PartitionKey } from "../../schema/partition.ts";
import { formatRowKey } from "../../schema/row-key.ts";

/** What the grid shows of a row. */
const SHOWN = [
  "upload_id",
  "source_row",
  "source_name",
  "hash",
  "path",
  "format",
  "width",
  "height",
  "pages",
  "page",
  "document",
] as const;
type Shown = (typeof SHOWN)[number];

/** Some rows of a query by their place. */
export async function browseRows(
  catalog: DuckDBClient,
  request: RowsPlace,
  signal: AbortSignal,
): Promise<BrowseDocument> {
  const { generation, total, rows } = await readPlaces(
    catalog,
    { ...request, choose: shownColumns },
    rowDescriber,
    signal,
  );
  return { generation, total, at: request.at, rows };
}

export type RowsPlace = Omit<RowsAtRequest, "choose">;

/** Reads rows of a batch, each of the partition that is given. */
export type RowReader<T> = (partition: PartitionKey, row: number) => T;

/** Rows of a query by their place, in order, each as `openBatch` reads it. */
export async function readPlaces<T>(
  catalog: DuckDBClient,
  request: RowsAtRequest,
  openBatch: (columns: readonly Column[], batch: RecordBatch) => RowReader<T>,
  signal: AbortSignal,
): Promise<{ generation: number; total: number; rows: T[] }> {
  const { generation, total, rows, pieces } = await catalog.withCatalog((database) =>
    readRowsAt(database, catalog.labelFacts, request, signal),
  );
  const readers = pieces.map(({ columns, batches }) => {
    const open = batches.map((batch) => ({ numRows: batch.numRows, read: openBatch(columns, batch) }));
    return (row: number, partition: PartitionKey): T[] => {
      let before = 0;
      for (const { numRows, read } of open) {
        if (row - before < numRows) return [read(partition, row - before)];
        before += numRows;
      }
      return [];
    };
  });
  const found = rows.flatMap(({ piece, row, partition }) => readers[piece]?.(row, partition) ?? []);
  return { generation, total, rows: found };
}

export function shownColumns({ columns }: Pick<StoredPartition, "columns">): Column[] {
  return columns.filter(({ name }) => (SHOWN as readonly string[]).includes(name));
}

export function describeBatch(
  partition: PartitionKey,
  columns: readonly Column[],
  batch: RecordBatch,
): BrowseRow[] {
  const describe = rowDescriber(columns, batch);
  return Array.from({ length: batch.numRows }, (_, row) => describe(partition, row));
}

export function rowDescriber(columns: readonly Column[], batch: RecordBatch): RowReader<BrowseRow> {
  const cells = plainCells(batch);
  return (partition: PartitionKey, row: number): BrowseRow => {
    const { provider, dataset, task, variant } = partition;
    const text = (name: Shown) => cells[columns.findIndex((column) => column.name === name)]?.(row) ?? null;
    const number = (name: Shown) => {
      const value = text(name);
      return value === null ? null : Number(value);
    };
    const [uploadId, sourceRow] = [text("upload_id"), number("source_row")];
    const key = formatRowKey(partition, uploadId, sourceRow);
    const hasImage = number("width") !== null;
    return {
      ...{ key, provider, dataset, task, variant },
      upload_id: uploadId,
      source_row: sourceRow,
      source_name: text("source_name"),
      hash: hasImage ? text("hash") : null,
      asset: hasImage ? text("path") : null,
      format: text("format"),
      width: number("width"),
      height: number("height"),
      pages: number("pages"),
      page: number("page"),
      document: text("document"),
    };
  };
}
