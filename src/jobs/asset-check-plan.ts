import { ROWS } from "../query/duckdb/row-table.ts";
import { quoteName, quoteText } from "../query/sql.ts";
import type { AssetCheckRequest } from "../schema/asset-check.ts";
import type { Selection } from "../schema/partition.ts";

/** The statements of one check of assets on a catalog attached as `schema`. */
export interface AssetCheckPlan {
  /** How many partitions are selected. */
  countPartitions: string;
  /** Makes the table of what is to be looked at: each asset once, whatever rows name it. Undefined: no row names any. */
  collect: string | undefined;
  /** Number of assets in that table. */
  count: string;
  /** `path`, `hash`, `bytes`, `first`, `rows` of each, in the order in which they were stored. */
  list: string;
  /** The rows that stand in the table of chosen rows (`makeRowTable`), in its order. */
  locate: string;
}

/** Not a temporary one: two connections read it. */
const WANTED = "memory.main.wanted_assets";
const SAMPLE_STEPS = 1_000_000;

/** Plans a check; `columns` are those of the catalog's table `catalog`. */
export function planAssetCheck(
  request: AssetCheckRequest,
  schema: string,
  columns: ReadonlySet<string>,
): AssetCheckPlan {
  const catalog = `${quoteName(schema)}.catalog`;
  const selected = matchSelection(request);
  const value = (name: string, type: string) => (columns.has(name) ? quoteName(name) : `NULL::${type}`);
  const sampled =
    request.sample === undefined || request.sample === 1
      ? ""
      : // By the path alone: every run, on any machine, looks at the same assets.
        ` AND md5_number_lower("path") % ${SAMPLE_STEPS} < ${Math.ceil(request.sample * SAMPLE_STEPS)}`;
  return {
    countPartitions: `SELECT count(*) AS partitions FROM ${quoteName(schema)}.partitions WHERE ${selected}`,
    collect: columns.has("path")
      ? `CREATE OR REPLACE TABLE ${WANTED} AS
         SELECT "path", max(${value("hash", "VARCHAR")}) AS hash, max(${value("bytes", "BIGINT")}) AS bytes,
           min(rowid) AS first, count(*) AS rows
         FROM ${catalog} WHERE "path" IS NOT NULL AND ${selected}${sampled}
         GROUP BY "path" ORDER BY first`
      : undefined,
    count: `SELECT count(*) AS assets FROM ${WANTED}`,
    list: `SELECT "path", hash, bytes, first, rows FROM ${WANTED}`,
    locate: `SELECT provider, dataset, task, variant, ${value("upload_id", "VARCHAR")} AS upload_id,
         ${value("source_row", "BIGINT")} AS source_row, ${value("source_name", "VARCHAR")} AS source_name
       FROM ${catalog} JOIN ${ROWS} AS chosen ON chosen."@row" = catalog.rowid ORDER BY chosen."@n"`,
  };
}

function matchSelection({ providers, datasets, tasks, variants }: Selection): string {
  const within = (name: string, list: string[] | undefined) =>
    list === undefined || list.length === 0 ? [] : [`${name} IN (${list.map(quoteText).join(", ")})`];
  const conditions = [
    ...within("provider", providers),
    ...within("dataset", datasets),
    ...within("task", tasks),
    ...within("variant", variants),
  ];
  return conditions.length === 0 ? "true" : conditions.join(" AND ");
}
