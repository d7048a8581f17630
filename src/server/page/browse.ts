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
  request: Omit<RowsAtRequest, "choose">,
  signal: AbortSignal,
): Promise<BrowseDocument> {
  const { generation, total, rows, pieces } = await catalog.withCatalog((database) =>
    readRowsAt(database, catalog.labelFacts, { ...request, choose: shownColumns }, signal),
  );
  const readers = pieces.map(({ columns, batches }) => {
    const describe = batches.map((batch) => rowDescriber(columns, batch));
    return (row: number, partition: PartitionKey) => {
      let before = 0;
      for (const [at, { numRows }] of batches.entries()) {
        if (row - before < numRows) return describe[at]?.(partition, row - before);
        before += numRows;
      }
    };
  });
  const described = rows.map(({ piece, row, partition }) => readers[piece]?.(row, partition));
  return { generation, total, at: request.at, rows: described.filter((row) => row !== undefined) };
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

/** Describes rows of a batch, each of the partition that is given. */
function rowDescriber(columns: readonly Column[], batch: RecordBatch) {
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
