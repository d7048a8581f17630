import { byLayout, type HousedPartition, ofParts, ROW, selectRows } from "../../query/duckdb/homes.ts";
import { NUMBERS } from "../../query/number-table.ts";
import { quoteName, quoteText } from "../../query/sql.ts";
import { type AssetReference, assetReferences } from "../../schema/asset-references.ts";
import type { Column } from "../../schema/columns.ts";
import {
  createSelector,
  type DatasetKey,
  formatDataset,
  PARTITION_COLUMNS,
  type Selection,
} from "../../schema/partition.ts";
import type { VerifyRequest } from "../../schema/verification.ts";

/** Statements of an asset check on a catalog attached as `schema`. */
export interface VerifyPlan {
  /** `provider`, `dataset`, `partitions` and `rows` of each selected dataset. */
  datasets: string;
  hasAssets: boolean;
  estimate: string;
  /** Creates the table of a slice's assets to check, each once. */
  collect(slice: Slice): string;
  count: string;
  /** `path`, `hash`, `bytes`, `first`, `rows` of each asset, in storage order. */
  list: string;
  /** Rows in the table of chosen rows (`makeNumberTable`), in its order. */
  locate: string;
}

export interface SelectedDataset extends DatasetKey {
  partitions: number;
  rows: number;
}

/** Assets collected together. Each asset is in one slice only, since it belongs to one dataset. */
export interface Slice {
  /** Default: all selected ones. */
  datasets: readonly DatasetKey[] | undefined;
  /** Part `at` of `of` of their assets. */
  at: number;
  of: number;
}

/** Finding distinct assets takes about 300 MB for this many rows. */
const SLICE_ROWS = 1_000_000;

/** Splits datasets into slices of about `sliceRows` rows: several small datasets, or part of a large one. */
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

/** Not a temporary table: two connections read it. */
const WANTED = "memory.main.wanted_assets";
const SAMPLE_STEPS = 1_000_000;

export function planVerification(
  request: VerifyRequest,
  schema: string,
  partitions: readonly HousedPartition[],
): VerifyPlan {
  const chosen = partitions.filter(createSelector(request));
  const sampled =
    request.sample === undefined || request.sample === 1
      ? ""
      : // By path only, so that every run on any machine checks the same assets.
        ` AND md5_number_lower("path") % ${SAMPLE_STEPS} < ${Math.ceil(request.sample * SAMPLE_STEPS)}`;
  const wanted = `"path" IS NOT NULL${sampled}`;
  const named = (datasets?: readonly DatasetKey[]) => {
    const names = datasets && new Set(datasets.map(formatDataset));
    return selectAssets(schema, names ? chosen.filter((key) => names.has(formatDataset(key))) : chosen);
  };
  return {
    datasets: `SELECT provider, dataset, count(*) AS partitions, sum(rows)::BIGINT AS rows
       FROM ${quoteName(schema)}.partitions WHERE ${matchSelection(request)} GROUP BY ALL ORDER BY ALL`,
    hasAssets: chosen.some(({ columns }) => assetReferences(columns).length > 0),
    estimate: `SELECT approx_count_distinct("path") AS assets FROM (${named()}) WHERE ${wanted}`,
    // A row may refer to one asset in several columns.
    collect: (slice) => `CREATE OR REPLACE TABLE ${WANTED} AS
       SELECT "path", max(hash) AS hash, max(bytes) AS bytes, min(row) AS first, count(DISTINCT row) AS rows
       FROM (${named(slice.datasets)}) WHERE ${wanted}${matchPart(slice)}
       GROUP BY "path" ORDER BY first, "path"`,
    count: `SELECT count(*) AS assets FROM ${WANTED}`,
    list: `SELECT "path", hash, bytes, first, rows FROM ${WANTED}`,
    locate: `SELECT placed.* EXCLUDE (${ROW}) FROM (${selectPlaces(schema, chosen)}) AS placed
       JOIN ${NUMBERS} AS chosen ON chosen."@number" = placed.${ROW} ORDER BY chosen."@n"`,
  };
}

/** All asset references of these partitions, one per column: `path`, `hash`, `bytes`, `row`. */
function selectAssets(schema: string, partitions: readonly HousedPartition[]): string {
  const selects = byLayout(partitions).flatMap((group) => {
    const columns = group[0]?.columns ?? [];
    return assetReferences(columns).map((reference) => {
      const { facts, read } = readReference(reference);
      const rows = selectRows(group, read, ofParts(group), schema);
      return `SELECT ${facts}, ${ROW} AS row FROM (${rows})`;
    });
  });
  return (
    selects.join(" UNION ALL ") || "SELECT NULL AS path, NULL AS hash, NULL AS bytes, NULL AS row WHERE false"
  );
}

/** Number, names and origin of the rows of these partitions. */
function selectPlaces(schema: string, partitions: readonly HousedPartition[]): string {
  const columns = [
    ...PARTITION_COLUMNS.map((name) => ({ name, type: "VARCHAR" })),
    { name: "upload_id", type: "VARCHAR" },
    { name: "source_row", type: "BIGINT" },
    { name: "source_name", type: "VARCHAR" },
  ];
  return byLayout(partitions)
    .map((group) => selectRows(group, columns, ofParts(group), schema))
    .join(" UNION ALL ");
}

/** The columns to read and the facts computed from them; an unknown size is NULL. */
function readReference(reference: AssetReference): { facts: string; read: Column[] } {
  const told = FACTS.flatMap(({ fact, type }) => {
    const name = reference[fact];
    return name === undefined ? [] : [{ fact, name, type: reference.list ? `${type}[]` : type }];
  });
  const facts = FACTS.map(({ fact, type }) => {
    const name = reference[fact];
    if (name === undefined) return `NULL::${type} AS ${fact}`;
    return `${reference.list ? `unnest(${quoteName(name)})` : quoteName(name)} AS ${fact}`;
  });
  return { facts: facts.join(", "), read: told.map(({ name, type }) => ({ name, type })) };
}

const FACTS = [
  { fact: "path", type: "VARCHAR" },
  { fact: "hash", type: "VARCHAR" },
  { fact: "bytes", type: "BIGINT" },
] as const satisfies readonly { fact: keyof AssetReference; type: string }[];

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

/** Uses other bits than the sample does. */
function matchPart({ at, of }: Slice): string {
  return of === 1 ? "" : ` AND md5_number_upper("path") % ${of} = ${at}`;
}
