import type { Database } from "../query/database.ts";
import { quoteName, quoteText } from "../query/sql.ts";
import type { AssetRecord } from "../schema/asset.ts";
import { parquetColumns } from "./staged-rows.ts";

export type NamedAsset = AssetRecord & { source_name: string | null };

const BATCH_ROWS = 4096;
const COLUMNS = [
  "source_hash",
  "hash",
  "path",
  "width",
  "height",
  "format",
  "bytes",
  "pixel_hash",
  "source_name",
];

/**
 * The assets that the rows of a partition file brought, in batches; nothing for a file whose rows only refer to assets.
 * Names are left out (null) unless `named`: a reference by name means a raw asset.
 */
export async function* readAssetRows(
  database: Database,
  file: string,
  options: { named: boolean },
): AsyncGenerator<NamedAsset[]> {
  const columns = await parquetColumns(database, file);
  if (!COLUMNS.every((name) => columns.has(name))) return;
  const result = await database.stream(
    `SELECT ${COLUMNS.map(quoteName).join(", ")} FROM read_parquet(${quoteText(file)}, hive_partitioning = false)
     WHERE "hash" IS NOT NULL AND "source_hash" IS NOT NULL`,
  );
  let batch: NamedAsset[] = [];
  for (;;) {
    const chunk = await result.fetchChunk();
    if (chunk === null || chunk.rowCount === 0) break;
    const values = chunk.getColumns();
    for (let row = 0; row < chunk.rowCount; row++) {
      const text = (column: number) => (values[column]?.[row] ?? null) as string | null;
      const number = (column: number) =>
        values[column]?.[row] == null ? null : Number(values[column]?.[row]);
      batch.push({
        source_hash: text(0) ?? "",
        hash: text(1) ?? "",
        path: text(2) ?? "",
        width: number(3),
        height: number(4),
        format: text(5) ?? "",
        bytes: number(6) ?? 0,
        pixel_hash: text(7),
        source_name: options.named ? text(8) : null,
      });
    }
    if (batch.length >= BATCH_ROWS) {
      yield batch;
      batch = [];
    }
  }
  if (batch.length > 0) yield batch;
}
