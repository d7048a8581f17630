import { NUMBERS } from "../query/number-table.ts";
import { quoteName, quoteText } from "../query/sql.ts";
import type { AssetCheckRequest } from "../schema/asset-check.ts";
import type { Column } from "../schema/columns.ts";
import { factColumn, type ImageFact, imageColumnsOf, isOwn, OWN_IMAGE } from "../schema/image-columns.ts";
import type { DatasetKey, Selection } from "../schema/partition.ts";

/** The statements of one check of assets on a catalog attached as `schema`. */
export interface AssetCheckPlan {
  /** `provider`, `dataset`, `partitions` and `rows` of each selected dataset. */
  datasets: string;
  /** Whether rows can name assets at all. */
  hasAssets: boolean;
  /** About how many assets there are. */
  estimate: string;
  /** Makes the table of what of a slice is to be looked at: each asset once, whatever rows name it. */
  collect(slice: Slice): string;
  /** Number of assets in that table. */
  count: string;
  /** `path`, `hash`, `bytes`, `first`, `rows` of each, in the order in which they were stored. */
  list: string;
  /** The rows that stand in the table of chosen rows (`makeNumberTable`), in its order. */
  locate: string;
}

export interface SelectedDataset extends DatasetKey {
  partitions: number;
  rows: number;
}

/** A part of the assets that is collected at once; an asset is in one slice only, as it is of one dataset only. */
export interface Slice {
  /** All selected ones without. */
  datasets: readonly DatasetKey[] | undefined;
  /** The `at`-th of `of` parts of their assets. */
  at: number;
  of: number;
}

/** To tell assets apart takes memory: some 300 MB for so many rows. */
const SLICE_ROWS = 1_000_000;

/** Cuts datasets into slices of at most about so many rows: several small ones, or a part of a large one. */
export function planSlices(datasets: readonly SelectedDataset[], sliceRows = SLICE_ROWS): Slice[] {
  const total = datasets.reduce((sum, { rows }) => sum + rows, 0);
  if (total <= sliceRows) return [{ datasets: undefined, at: 0, of: 1 }];
  const slices: Slice[] = [];
  let small: SelectedDataset[] = [];
  let smallRows = 0;
  const close = () => {
    if (small.length > 0) slices.push({ datasets: small, at: 0, of: 1 });
    small = [];
    smallRows = 0;
  };
  for (const dataset of datasets) {
    const of = Math.ceil(dataset.rows / sliceRows);
    if (of > 1) {
      for (let at = 0; at < of; at++) slices.push({ datasets: [dataset], at, of });
      continue;
    }
    if (smallRows + dataset.rows > sliceRows) close();
    small.push(dataset);
    smallRows += dataset.rows;
  }
  close();
  return slices;
}

/** Not a temporary one: two connections read it. */
const WANTED = "memory.main.wanted_assets";
const SAMPLE_STEPS = 1_000_000;

/** Plans a check; `columns` are those of the catalog's table `catalog`. */
export function planAssetCheck(
  request: AssetCheckRequest,
  schema: string,
  columns: readonly Column[],
): AssetCheckPlan {
  const catalog = `${quoteName(schema)}.catalog`;
  const names = new Set(columns.map(({ name }) => name));
  const selected = matchSelection(request);
  const value = (name: string, type: string) => (names.has(name) ? quoteName(name) : `NULL::${type}`);
  const sampled =
    request.sample === undefined || request.sample === 1
      ? ""
      : // By the path alone: every run, on any machine, looks at the same assets.
        ` AND md5_number_lower("path") % ${SAMPLE_STEPS} < ${Math.ceil(request.sample * SAMPLE_STEPS)}`;
  const columnsNamed = assetColumns(columns, names);
  /** Every asset that a selected row names, once for each of its columns, as `path`, `hash`, `bytes`, `row`. */
  const named = (within: string) =>
    columnsNamed
      .map((facts) => `SELECT ${facts}, rowid AS row FROM ${catalog} WHERE ${selected}${within}`)
      .join(" UNION ALL ");
  const wanted = `"path" IS NOT NULL${sampled}`;
  // A row may name one asset in several columns.
  const rows = columnsNamed.length > 1 ? "count(DISTINCT row)" : "count(*)";
  return {
    datasets: `SELECT provider, dataset, count(*) AS partitions, sum(rows)::BIGINT AS rows
       FROM ${quoteName(schema)}.partitions WHERE ${selected} GROUP BY ALL ORDER BY ALL`,
    hasAssets: columnsNamed.length > 0,
    estimate: `SELECT approx_count_distinct("path") AS assets FROM (${named("")}) WHERE ${wanted}`,
    collect: (slice) => `CREATE OR REPLACE TABLE ${WANTED} AS
       SELECT "path", max(hash) AS hash, max(bytes) AS bytes, min(row) AS first, ${rows} AS rows
       FROM (${named(matchDatasets(slice))}) WHERE ${wanted}${matchPart(slice)}
       GROUP BY "path" ORDER BY first, "path"`,
    count: `SELECT count(*) AS assets FROM ${WANTED}`,
    list: `SELECT "path", hash, bytes, first, rows FROM ${WANTED}`,
    locate: `SELECT provider, dataset, task, variant, ${value("upload_id", "VARCHAR")} AS upload_id,
         ${value("source_row", "BIGINT")} AS source_row, ${value("source_name", "VARCHAR")} AS source_name
       FROM ${catalog} JOIN ${NUMBERS} AS chosen ON chosen."@number" = catalog.rowid ORDER BY chosen."@n"`,
  };
}

/** `path`, `hash` and `bytes` of each group of columns that name assets: rows' own, of any kind, and further images. */
function assetColumns(columns: readonly Column[], names: ReadonlySet<string>): string[] {
  const further = imageColumnsOf(columns).filter((column) => !isOwn(column));
  const groups = names.has("path") ? [OWN_IMAGE, ...further] : further;
  return groups.map((column) => {
    const fact = (name: ImageFact, type: string) => {
      const stored = factColumn(column, name);
      if (!names.has(stored)) return `NULL::${type} AS ${name}`;
      return `${column.list ? `unnest(${quoteName(stored)})` : quoteName(stored)} AS ${name}`;
    };
    return [fact("path", "VARCHAR"), fact("hash", "VARCHAR"), fact("bytes", "BIGINT")].join(", ");
  });
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

function matchDatasets({ datasets }: Slice): string {
  const keys = datasets?.map((key) => `(${quoteText(key.provider)}, ${quoteText(key.dataset)})`);
  return keys === undefined ? "" : ` AND (provider, dataset) IN (${keys.join(", ")})`;
}

/** By other bits than those of a sample. */
function matchPart({ at, of }: Slice): string {
  return of === 1 ? "" : ` AND md5_number_upper("path") % ${of} = ${at}`;
}
