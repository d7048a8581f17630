import { AppError } from "../../errors.ts";
import { imageCells } from "../../export/samples/row-images.ts";
import type { Lake } from "../../lake/lake.ts";
import { readTaxonomy } from "../../lake/taxonomy.ts";
import type { DuckDBClient } from "../../query/duckdb/client.ts";
import type { StoredPartition } from "../../query/duckdb/described.ts";
import { findInPartitions, isUploadRow, readNumbers, requirePartition } from "../../query/duckdb/rows-at.ts";
import { plainCells } from "../../query/output/cells.ts";
import { quoteText } from "../../query/sql.ts";
import type { Column } from "../../schema/columns.ts";
import { imageColumnsOf, lakeColumnNames } from "../../schema/image-columns.ts";
import type { PageDocument, PageImage } from "../../schema/page-documents.ts";
import { comparePartitions } from "../../schema/partition.ts";
import { formatRowKey, type RowKey } from "../../schema/row-key.ts";
import { describeBatch, shownColumns } from "./browse.ts";
import { readPageLabel } from "./page-label.ts";

/** A value beyond this is cut in the list of columns; the label is read whole. */
const SHOWN_CHARS = 200_000;
const MAX_OTHERS = 50;

/** A row with its pages, what its label says, and the rows of its dataset that show the same page. Throws `not_found`. */
export async function describePage(
  catalog: DuckDBClient,
  lake: Lake,
  key: RowKey,
  signal: AbortSignal,
): Promise<PageDocument> {
  return catalog.withCatalog(async (database) => {
    const { partition, known, generation } = await requirePartition(database, key);
    const ids: Column[] = [
      { name: "upload_id", type: "VARCHAR" },
      { name: "source_row", type: "BIGINT" },
    ];
    const where = isUploadRow(key.uploadId, key.sourceRow);
    const [found] = await findInPartitions(database, [partition], ids, where, 1);
    if (found === undefined) {
      throw new AppError("not_found", "the partition has no such row any more; it was replaced meanwhile");
    }
    const columns = partition.columns.map(({ name, type }) => ({ name, type }));
    const read = await readNumbers(database, partition, found.numbers, columns, signal);
    const [batch] = read.batches;
    if (batch === undefined) throw new AppError("not_found", "there is no such row");
    const cells = plainCells(batch);
    const cell = (name: string) => cells[read.columns.findIndex((column) => column.name === name)];
    const textOf = (name: string) => cell(name)?.(0);
    const [imageColumn] = imageColumnsOf(columns);
    const pages = imageColumn
      ? imageCells(lake.layout, imageColumn, (name) => cell(name) ?? (() => undefined))(0)
      : [];
    const images = pages.map(
      ({ hash, asset, format, width, height, orientation, sourceName }): PageImage => ({
        ...{ hash, asset, format, width, height, orientation },
        source_name: sourceName,
      }),
    );
    const label = await readPageLabel({
      partition,
      taxonomy: await readTaxonomy(lake),
      names: columns.map(({ name }) => name),
      textOf,
      images,
    });
    const ofLake = lakeColumnNames(columns);
    const own = columns.filter(({ name }) => !ofLake.has(name));
    const cut = own.map(({ name }) => name).filter((name) => (textOf(name)?.length ?? 0) > SHOWN_CHARS);
    const { provider, dataset, task, variant } = partition;
    return {
      generation,
      key: formatRowKey(partition, key.uploadId, key.sourceRow),
      ...{ provider, dataset, task, variant },
      upload_id: key.uploadId,
      source_row: key.sourceRow,
      source_name: textOf("source_name") ?? null,
      columns: own.map(({ name, type }) => ({
        name,
        type,
        value: textOf(name)?.slice(0, SHOWN_CHARS) ?? null,
      })),
      cut,
      images,
      label,
      others: await findOthers(database, known, partition, images[0]?.hash, key, signal),
    };
  });
}

type Database = Parameters<Parameters<DuckDBClient["withCatalog"]>[0]>[0];

async function findOthers(
  database: Database,
  known: readonly StoredPartition[],
  own: StoredPartition,
  hash: string | undefined,
  key: RowKey,
  signal: AbortSignal,
): Promise<PageDocument["others"]> {
  if (hash === undefined) return [];
  const same = known
    .filter(
      ({ provider, dataset, columns }) =>
        provider === own.provider && dataset === own.dataset && columns.some(({ name }) => name === "hash"),
    )
    .sort(comparePartitions);
  const others: PageDocument["others"] = [];
  const columns: Column[] = [{ name: "hash", type: "VARCHAR" }];
  const found = await findInPartitions(database, same, columns, `hash = ${quoteText(hash)}`, MAX_OTHERS);
  for (const { partition, numbers } of found) {
    const read = await readNumbers(database, partition, numbers, shownColumns(partition), signal);
    for (const batch of read.batches) {
      for (const row of describeBatch(partition, read.columns, batch)) {
        const { provider, dataset, task, variant, upload_id, source_row, source_name } = row;
        if (row.key === formatRowKey(own, key.uploadId, key.sourceRow)) continue;
        others.push({ key: row.key, provider, dataset, task, variant, upload_id, source_row, source_name });
      }
    }
  }
  return others;
}
