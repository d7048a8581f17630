import { stat } from "node:fs/promises";
import type { Settings } from "../config.ts";
import type { Lake } from "../lake/lake.ts";
import { type Database, openDatabase } from "../query/database.ts";
import type { CatalogInfo, CatalogPartition } from "../schema/catalog-documents.ts";
import { pickKey } from "../schema/partition.ts";
import { readLeftOut } from "./left-out.ts";
import { requireCatalog, requireHead, withPublished } from "./open.ts";
import { readColumns, readKnown } from "./tables.ts";

export interface CatalogSource {
  lake: Lake;
  settings: Settings;
}

/** What the published catalog is. Throws `not_found` when there is none, `corrupt` when it cannot be opened. */
export async function catalogInfo(source: CatalogSource): Promise<CatalogInfo> {
  const { lake } = source;
  const path = lake.layout.catalogFile;
  return withCatalog(source, async (database) => {
    const {
      attempt: _,
      next_row: __,
      columns_left_out,
      ...head
    } = await requireHead(database, lake, NAME, true);
    const columns = await readColumns(database, NAME);
    const [sums] = await database.rows<{ rows: number; partitions: number }>(
      `SELECT coalesce(sum(rows), 0)::BIGINT AS rows, count(*) AS partitions FROM ${NAME}.partitions`,
    );
    const { rows = 0, partitions = 0 } = sums ?? {};
    const recent = await stat(lake.layout.recentFile).catch(() => undefined);
    const bytes = (await stat(path)).size + (recent?.size ?? 0);
    const left_out = (await readLeftOut(database, NAME)).map(({ tried: _, ...leftOut }) => leftOut);
    return { ...head, rows, partitions, columns, columns_left_out, left_out, bytes, path };
  });
}

/** The partitions that the published catalog holds, sorted. Throws as `catalogInfo`; no Parquet file is opened. */
export async function catalogPartitions(source: CatalogSource): Promise<{ partitions: CatalogPartition[] }> {
  return withCatalog(source, async (database) => {
    await requireHead(database, source.lake, NAME, true);
    const partitions = (await readKnown(database, NAME)).map((partition) => {
      const { rows, bytes, version, uploaded_by, uploaded_at, license } = partition;
      return {
        ...pickKey(partition),
        rows,
        bytes,
        version,
        uploaded_by,
        uploaded_at,
        license: license ?? "",
      };
    });
    return { partitions };
  });
}

const NAME = "published";

async function withCatalog<T>(
  { lake, settings }: CatalogSource,
  use: (database: Database) => Promise<T>,
): Promise<T> {
  await requireCatalog(lake);
  // Small tables: more threads have nothing to do.
  const database = await openDatabase({ scratch: settings.scratchFolder, ...settings.database, threads: 1 });
  try {
    return await withPublished(database, lake, NAME, () => use(database));
  } finally {
    database.close();
  }
}
