import type { NamedAsset } from "../assets/index.ts";
import { readFooters } from "../catalog/footer.ts";
import { describeRelation } from "../ingest/relations.ts";
import type { Database } from "../query/database.ts";
import { quoteName, quoteText } from "../query/sql.ts";
import {
  factColumn,
  type ImageColumn,
  type ImageFact,
  imageColumnsOf,
  isOwn,
} from "../schema/image-columns.ts";
import { PAGE_SOURCE_COLUMN, PAGE_SOURCES } from "../schema/pages.ts";
import { type ImagePolicy, policyFor } from "../schema/upload.ts";

const BATCH_ROWS = 4096;
const FACTS = [
  "source_hash",
  "hash",
  "path",
  "width",
  "height",
  "format",
  "bytes",
  "pixel_hash",
  "source_name",
] as const satisfies readonly ImageFact[];
/** Columns that rows of older lakes lack. */
const LATER_FACTS = ["pages", "orientation", "dpi"] as const satisfies readonly ImageFact[];
const PAGE_SOURCE = PAGE_SOURCE_COLUMN.name;

/**
 * Assets stored by the rows of a partition file, in batches, without columns that only refer to assets. Names
 * are null unless `named`, and for further images, as a reference by name means a row's own raw asset.
 */
export async function* readAssetRows(
  database: Database,
  file: string,
  options: { named: boolean },
): AsyncGenerator<NamedAsset[]> {
  const columns = await describeRelation(
    database,
    `read_parquet(${quoteText(file)}, hive_partitioning = false)`,
  );
  const names = new Set(columns.map(({ name }) => name));
  const [footer] = await readFooters(database, [file]);
  const policies = new Map(footer?.key.uploads.map(({ upload_id, images }) => [upload_id, images ?? null]));
  for (const column of imageColumnsOf(columns)) {
    if (!FACTS.every((fact) => names.has(factColumn(column, fact)))) continue;
    const named = options.named && isOwn(column);
    const policyOf = (uploadId: string) => {
      const policy = policies.get(uploadId);
      return policy == null ? null : policyFor(column, policy);
    };
    yield* readFacts(database, selectFacts(file, column, names), policyOf, named);
  }
}

function selectFacts(file: string, column: ImageColumn, names: ReadonlySet<string>): string {
  const facts = [...FACTS, ...LATER_FACTS].map((fact) => {
    const name = factColumn(column, fact);
    if (!names.has(name)) return `NULL AS ${quoteName(fact)}`;
    return `${column.list ? `unnest(${quoteName(name)})` : quoteName(name)} AS ${quoteName(fact)}`;
  });
  facts.push(isOwn(column) && names.has(PAGE_SOURCE) ? PAGE_SOURCE : `NULL AS ${PAGE_SOURCE}`);
  const upload = names.has("upload_id") ? "upload_id" : "NULL AS upload_id";
  return `SELECT * FROM (SELECT ${[...facts, upload].join(", ")}
    FROM read_parquet(${quoteText(file)}, hive_partitioning = false)) WHERE "hash" IS NOT NULL AND "source_hash" IS NOT NULL`;
}

async function* readFacts(
  database: Database,
  sql: string,
  policyOf: (uploadId: string) => ImagePolicy | null,
  named: boolean,
): AsyncGenerator<NamedAsset[]> {
  let batch: NamedAsset[] = [];
  for await (const chunk of database.chunks(sql)) {
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
        source_name: named ? text(8) : null,
        pages: number(9),
        orientation: number(10),
        dpi: number(11),
        page_source: PAGE_SOURCES.find((source) => source === text(12)) ?? null,
        policy: policyOf(text(13) ?? ""),
      });
    }
    if (batch.length >= BATCH_ROWS) {
      yield batch;
      batch = [];
    }
  }
  if (batch.length > 0) yield batch;
}
