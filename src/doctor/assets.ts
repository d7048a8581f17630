import type { Stats } from "node:fs";
import { lstat, opendir } from "node:fs/promises";
import { basename, dirname, join, relative } from "node:path";
import { readPartition } from "../catalog/partition.ts";
import { hashFile } from "../lake/digest.ts";
import { isMissing } from "../lake/files.ts";
import { quoteList, quoteName } from "../query/sql.ts";
import { type AssetReference, assetReferences } from "../schema/asset-references.ts";
import { type DatasetKey, formatDataset } from "../schema/partition.ts";
import { mapConcurrent } from "../util/concurrent.ts";
import { formatQuantity } from "../util/format.ts";
import { type Check, collectPlaces, type DoctorContext, type Places, placesFinding } from "./check.ts";

/** Sample size over the whole lake, with at least a few rows per dataset; part of it is hashed. */
const SAMPLED_ROWS = 2000;
const SAMPLED_ROWS_LEAST = 10;
const SAMPLED_BYTES = 256_000_000;
const AT_ONCE = 16;
const HASHED_AT_ONCE = 4;

interface Findings {
  missing: Places;
  misnamed: Places;
  corrupt: Places;
  writable: Places;
}

/** Invariants 1, 2 and 6: every `path` names an existing asset of its dataset, named after its SHA-256. */
export const assetCheck: Check = {
  name: "assets",
  run: async (context) => {
    const found: Findings = {
      missing: collectPlaces(),
      misnamed: collectPlaces(),
      corrupt: collectPlaces(),
      writable: collectPlaces(),
    };
    const datasets = groupDatasets(context);
    let paths = 0;
    let hashed = 0;
    let budgetBytes = context.full ? 0 : SAMPLED_BYTES;
    for (const [at, dataset] of datasets.entries()) {
      const sampled = Math.max(SAMPLED_ROWS_LEAST, Math.ceil(SAMPLED_ROWS / datasets.length));
      for await (const batch of referredAssets(context, dataset, sampled)) {
        context.signal.throwIfAborted();
        paths += batch.length;
        context.onProgress({ label: `assets of ${formatDataset(dataset)}`, done: paths });
        const present = await checkPresence(context, dataset, batch, found);
        for (const { path, sizeBytes } of present) {
          if (budgetBytes < sizeBytes) break;
          budgetBytes -= sizeBytes;
          hashed++;
          await checkHash(context, path, found);
        }
      }
      if (context.full) hashed += await checkStored(context, dataset, at, datasets.length, found);
    }
    const restore = "restore them from a backup, or upload the images again";
    const findings = [
      ...placesFinding("problem", found.missing, "assets that rows refer to are missing", restore),
      ...placesFinding(
        "problem",
        found.corrupt,
        "assets have content that does not match their name",
        "remove them and restore them from a backup, or upload the images again",
      ),
      ...placesFinding(
        "problem",
        found.misnamed,
        "rows name an asset of another row: path and hash or dataset differ",
        "upload the partition again with --mode replace",
      ),
      ...placesFinding(
        "warning",
        found.writable,
        "assets are writable, although assets never change",
        "chmod 0444 them",
      ),
    ];
    if (findings.length > 0) return findings;
    return `${formatQuantity(paths, "path")}${context.full ? "" : " (a sample)"} and ${formatQuantity(hashed, "asset")} checked`;
  },
};

function groupDatasets({ partitions }: DoctorContext): DatasetKey[] {
  const datasets = new Map<string, DatasetKey>();
  for (const { provider, dataset } of partitions) {
    datasets.set(`${provider}/${dataset}`, { provider, dataset });
  }
  return [...datasets.values()];
}

interface Reference {
  path: string;
  hash: string | null;
}

/** Distinct asset references of a dataset's rows, in batches; DuckDB spills to disk when needed. */
async function* referredAssets(
  context: DoctorContext,
  dataset: DatasetKey,
  sampledRows: number,
): AsyncGenerator<Reference[]> {
  const { lake, database, partitions, full, signal } = context;
  const files = new Map<string, ReferencingFiles>();
  for (const key of partitions) {
    if (key.provider !== dataset.provider || key.dataset !== dataset.dataset) continue;
    const state = await readPartition(database, lake, key).catch(() => undefined); // reported by another check
    for (const { path, columns } of state?.files ?? []) {
      for (const columnsOf of assetReferences(columns)) {
        if (!columns.some(({ name: one }) => one === columnsOf.hash)) continue;
        const name = JSON.stringify(columnsOf);
        const known = files.get(name) ?? { columns: columnsOf, paths: [] };
        known.paths.push(path);
        files.set(name, known);
      }
    }
  }
  if (files.size === 0) return;
  const selects = [...files.values()].map(selectReferences);
  const wanted = `SELECT * FROM (${selects.join(" UNION ALL ")}) WHERE "path" IS NOT NULL`;
  const sql = full
    ? `SELECT DISTINCT * FROM (${wanted})`
    : `SELECT DISTINCT * FROM (${wanted}) USING SAMPLE reservoir(${sampledRows} ROWS)`;
  for await (const chunk of database.chunks(sql, signal)) {
    yield chunk.getRows().map(([path, hash]) => ({
      path: String(path),
      hash: hash === null || hash === undefined ? null : String(hash),
    }));
  }
}

interface ReferencingFiles {
  columns: AssetReference;
  /** Files that contain these columns. */
  paths: string[];
}

function selectReferences({ columns, paths }: ReferencingFiles): string {
  const facts = (["path", "hash"] as const).map((fact) => {
    const name = quoteName(columns[fact]);
    return `${columns.list ? `unnest(${name})` : name} AS ${fact}`;
  });
  return `SELECT ${facts.join(", ")} FROM read_parquet(${quoteList(paths)}, union_by_name = true, hive_partitioning = false)`;
}

async function checkPresence(
  context: DoctorContext,
  dataset: DatasetKey,
  batch: readonly Reference[],
  found: Findings,
): Promise<{ path: string; sizeBytes: number }[]> {
  const { layout } = context.lake;
  const present = await mapConcurrent(batch, AT_ONCE, async ({ path, hash }) => {
    const name = nameHash(path);
    const extension = path.slice(path.lastIndexOf(".") + 1);
    if (name === undefined || name !== hash || path !== layout.assetPath(dataset, name, extension)) {
      found.misnamed.add(path);
    }
    const facts = await lstatThere(layout.asset(path));
    if (facts === undefined) found.missing.add(path);
    else if (!facts.isFile()) found.corrupt.add(path);
    else if (context.keepsModes && (facts.mode & 0o222) !== 0) found.writable.add(path);
    return facts?.isFile() ? { path: layout.asset(path), sizeBytes: facts.size } : undefined;
  });
  return present.filter((one) => one !== undefined);
}

/** Does not follow links: an asset is never a link. */
async function lstatThere(path: string): Promise<Stats | undefined> {
  try {
    return await lstat(path);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

async function checkHash(context: DoctorContext, path: string, found: Findings): Promise<void> {
  const name = nameHash(path);
  if (name === undefined) return;
  try {
    if (!(await lstat(path)).isFile() || (await hashFile(path)) !== name)
      found.corrupt.add(relative(context.lake.layout.assets, path));
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
}

/** Rehashes all assets of a dataset, referenced or not: uploads may be deduplicated against any of them. */
async function checkStored(
  context: DoctorContext,
  dataset: DatasetKey,
  at: number,
  datasets: number,
  found: Findings,
): Promise<number> {
  let hashed = 0;
  for await (const batch of storedAssets(context.lake.layout.datasetAssets(dataset))) {
    context.signal.throwIfAborted();
    await mapConcurrent(batch, HASHED_AT_ONCE, (path) => checkHash(context, path, found));
    hashed += batch.length;
    const label = `hashing ${formatDataset(dataset)} (${at + 1} of ${datasets})`;
    context.onProgress({ label, done: hashed });
  }
  return hashed;
}

async function* storedAssets(folder: string): AsyncGenerator<string[]> {
  let batch: string[] = [];
  for await (const path of walk(folder)) {
    if (nameHash(path) === undefined) continue;
    batch.push(path);
    if (batch.length === 64) {
      yield batch;
      batch = [];
    }
  }
  if (batch.length > 0) yield batch;
}

async function* walk(folder: string): AsyncGenerator<string> {
  try {
    for await (const entry of await opendir(folder)) {
      const path = join(folder, entry.name);
      if (entry.name.startsWith(".")) continue;
      if (entry.isDirectory()) yield* walk(path);
      else yield path;
    }
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
}

/** The hash in an asset's name if the asset lies in the folders of that hash. */
function nameHash(path: string): string | undefined {
  const hash = /^([0-9a-f]{64})\.[a-z0-9]+$/.exec(basename(path))?.[1];
  const folders = dirname(path).split("/").slice(-2).join("");
  return hash?.startsWith(folders) ? hash : undefined;
}
