import type { KnownAsset } from "../assets/index.ts";
import { readFooters } from "../catalog/footer.ts";
import type { Database } from "../query/database.ts";
import { quoteName, quoteText } from "../query/sql.ts";
import { parquetColumns } from "./staged-rows.ts";

export type NamedAsset = KnownAsset & { source_name: string | null };

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
/** Columns that rows of older lakes lack. */
const LATER_COLUMNS = ["pages", "orientation", "dpi", "upload_id"];

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
  const later = LATER_COLUMNS.map((name) => (columns.has(name) ? quoteName(name) : "NULL"));
  const [footer] = await readFooters(database, [file]);
  const policies = new Map(footer?.key.uploads.map(({ upload_id, images }) => [upload_id, images ?? null]));
  const result = await database.stream(
    `SELECT ${[...COLUMNS.map(quoteName), ...later].join(", ")} FROM read_parquet(${quoteText(file)}, hive_partitioning = false)
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
        pages: number(9),
        orientation: number(10),
        dpi: number(11),
        policy: policies.get(text(12) ?? "") ?? null,
      });
    }
    if (batch.length >= BATCH_ROWS) {
      yield batch;
      batch = [];
    }
  }
  if (batch.length > 0) yield batch;
}
