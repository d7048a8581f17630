import { stat } from "node:fs/promises";
import type { Settings } from "../config.ts";
import type { Lake } from "../lake/lake.ts";
import { openDatabase } from "../query/database.ts";
import { PARTITION_COLUMNS, type PartitionKey } from "../schema/partition.ts";
import { type PublishedCatalog, readPublished, requireCatalog } from "./open.ts";
import { pickKey } from "./plan.ts";
import type { CatalogHead } from "./tables.ts";

export interface CatalogInfo extends CatalogHead {
  /** Rows and partitions in the catalog. */
  rows: number;
  partitions: number;
  /** Columns of the table `catalog`, the partition's four names included. */
  columns: { name: string; type: string }[];
  /** Size of the published file. */
  bytes: number;
  path: string;
}

export interface CatalogPartition extends PartitionKey {
  rows: number;
  /** Of its Parquet files. */
  bytes: number;
  version: number;
  uploaded_by: string;
  /** ISO 8601. */
  uploaded_at: string;
}

export interface CatalogSource {
  lake: Lake;
  settings: Settings;
}

/** What the published catalog is. Throws `not_found` when there is none, `corrupt` when it cannot be opened. */
export async function catalogInfo({ lake, settings }: CatalogSource): Promise<CatalogInfo> {
  const { head, partitions, columns } = await read(lake, settings);
  const names = PARTITION_COLUMNS.map((name) => ({ name, type: "VARCHAR" }));
  return {
    ...head,
    rows: partitions.reduce((sum, partition) => sum + partition.rows, 0),
    partitions: partitions.length,
    columns: [...names, ...columns],
    bytes: (await stat(lake.layout.catalogFile)).size,
    path: lake.layout.catalogFile,
  };
}

/** The partitions that the published catalog holds, sorted. Throws as `catalogInfo`; no Parquet file is opened. */
export async function catalogPartitions({
  lake,
  settings,
}: CatalogSource): Promise<{ partitions: CatalogPartition[] }> {
  const { partitions } = await read(lake, settings);
  return {
    partitions: partitions.map((partition) => {
      const { rows, bytes, version, uploaded_by, uploaded_at } = partition;
      return { ...pickKey(partition), rows, bytes, version, uploaded_by, uploaded_at };
    }),
  };
}

async function read(lake: Lake, settings: Settings): Promise<PublishedCatalog> {
  await requireCatalog(lake);
  const database = await openDatabase({ scratch: settings.scratchFolder, ...settings.database });
  try {
    const published = await readPublished(database, lake);
    if (published) return published;
    await requireCatalog(lake);
    throw new Error(`${lake.layout.catalogFile} vanished while it was read`);
  } finally {
    database.close();
  }
}
