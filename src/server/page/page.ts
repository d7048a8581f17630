import { AppError } from "../../errors.ts";
import { type AssetImage, imageCells } from "../../export/samples/row-images.ts";
import type { Lake } from "../../lake/lake.ts";
import { readTaxonomy } from "../../lake/taxonomy.ts";
import type { Database } from "../../query/database.ts";
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
import { type FoundRow, findDocumentPages, readWhere } from "./document-pages.ts";
import { MAX_LABEL_CHARS, readPageLabel } from "./page-label.ts";

/** A value beyond this is cut in the list of columns; the label is read whole, and shown longer. */
const SHOWN_CHARS = 200_000;
const SHOWN_LABEL_CHARS = 2_000_000;
export const MAX_FRAMES = 1000;

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
    const texts = new Map(columns.map(({ name }) => [name, cell(name)?.(0)])); // a long one is read once
    const textOf = (name: string) => texts.get(name);
    const [imageColumn] = imageColumnsOf(columns);
    const pages = imageColumn
      ? imageCells(lake.layout, imageColumn, (name) => cell(name) ?? (() => undefined))(0)
      : [];
    const same = await findSame(database, known, partition, pages[0]?.hash, signal);
    const isSplit = same.some(({ row }) => row.page !== null);
    const images = describeImages(pages, isSplit ? 1 : Number(textOf("pages") ?? 1));
    const label = await readPageLabel({
      partition,
      taxonomy: await readTaxonomy(lake),
      names: columns.map(({ name }) => name),
      textOf: (name) => {
        const text = textOf(name);
        return text !== undefined && text.length > MAX_LABEL_CHARS ? undefined : text;
      },
      images,
    });
    const ofLake = lakeColumnNames(columns);
    const own = columns.filter(({ name }) => !ofLake.has(name));
    const limitOf = (name: string) => (name === label?.column ? SHOWN_LABEL_CHARS : SHOWN_CHARS);
    const cut = own.map(({ name }) => name).filter((name) => (textOf(name)?.length ?? 0) > limitOf(name));
    const { provider, dataset, task, variant } = partition;
    const ownKey = formatRowKey(partition, key.uploadId, key.sourceRow);
    return {
      generation,
      key: ownKey,
      ...{ provider, dataset, task, variant },
      upload_id: key.uploadId,
      source_row: key.sourceRow,
      source_name: textOf("source_name") ?? null,
      columns: own.map(({ name, type }) => ({
        name,
        type,
        value: textOf(name)?.slice(0, limitOf(name)) ?? null,
      })),
      cut,
      images,
      label,
      others: same.map(describeOther).filter((other) => other.key !== ownKey),
      document: await findDocumentPages(database, partition, same, signal),
    };
  });
}

/** The rows of the dataset that show the same page, its own among them. */
function findSame(
  database: Database,
  known: readonly StoredPartition[],
  own: StoredPartition,
  hash: string | undefined,
  signal: AbortSignal,
): Promise<FoundRow[]> {
  if (hash === undefined) return Promise.resolve([]);
  const partitions = known
    .filter(
      ({ provider, dataset, columns }) =>
        provider === own.provider && dataset === own.dataset && columns.some(({ name }) => name === "hash"),
    )
    .sort(comparePartitions);
  const columns: Column[] = [{ name: "hash", type: "VARCHAR" }];
  return readWhere(database, partitions, columns, `hash = ${quoteText(hash)}`, signal);
}

function describeOther({ row }: FoundRow): PageDocument["others"][number] {
  const { key, provider, dataset, task, variant, upload_id, source_row, source_name } = row;
  return { key, provider, dataset, task, variant, upload_id, source_row, source_name };
}

/** A file of several pages that was not split is one image for each of them. */
function describeImages(pages: readonly AssetImage[], frames: number): PageImage[] {
  const [first] = pages;
  const isOfFrames = first !== undefined && pages.length === 1 && frames > 1;
  const all = isOfFrames ? Array.from({ length: Math.min(frames, MAX_FRAMES) }, () => first) : pages;
  return all.map(({ hash, asset, format, width, height, orientation, sourceName }, at) => ({
    ...{ hash, asset, format, width, height, orientation },
    source_name: sourceName,
    frame: all === pages ? 0 : at,
  }));
}
