import { join } from "node:path";
import { loadSettings, type Settings } from "../../src/config.ts";
import { DuckDBClient } from "../../src/query/duckdb/client.ts";
import type { QueryEngine } from "../../src/query/engine.ts";
import { TrinoClient } from "../../src/query/trino/client.ts";
import { trinoOptions } from "../../src/query/trino/options.ts";
import type { RowQuery } from "../../src/schema/query.ts";
import { openSync, type PlanOptions } from "../../src/sync/open.ts";
import type { Workbench } from "../catalog/lakes.ts";
import { collectRows } from "../engines/collect.ts";
import { useMoto } from "../engines/moto.ts";
import { useTrino } from "../engines/trino.ts";

export interface SyncBench extends Workbench {
  settings: Settings;
  /** Where the copy lies, or undefined over the lake's own folder. */
  s3: Bun.S3Client | undefined;
}

/** Settings for a copy in an S3 bucket of its own, read by a catalog of Trino of its own. `via` is what stands before each. */
export async function overS3(
  bench: Workbench,
  via: { s3?: (endpoint: string) => Promise<string>; trino?: (url: string) => Promise<string> } = {},
): Promise<SyncBench> {
  const [moto, trino] = await Promise.all([useMoto(), useTrino()]);
  // The SDK's chain finds them here.
  process.env.AWS_ACCESS_KEY_ID ??= moto.accessKeyId;
  process.env.AWS_SECRET_ACCESS_KEY ??= moto.secretAccessKey;
  const bucket = await moto.createBucket();
  const catalog = await trino.createCatalog({ properties: moto.trinoProperties(bucket) });
  const settings = await settingsOf(bench, {
    s3: {
      bucket,
      prefix: "호수/lake",
      endpoint: (await via.s3?.(moto.endpoint)) ?? moto.endpoint,
      region: moto.region,
    },
    trino: { url: (await via.trino?.(trino.url)) ?? trino.url, catalog, schema: "datalake" },
  });
  return { ...bench, settings, s3: moto.client(bucket) };
}

/** Settings for a Trino that reads the lake's own folder. */
export async function overFolder(bench: Workbench): Promise<SyncBench> {
  const trino = await useTrino();
  const catalog = await trino.createCatalog({ folder: bench.folder });
  const settings = await settingsOf(bench, {
    trino: { url: trino.url, catalog, schema: "datalake", location: "local:///lake/" },
  });
  return { ...bench, settings, s3: undefined };
}

async function settingsOf({ folder }: Workbench, values: Record<string, unknown>): Promise<Settings> {
  const path = join(folder, "sync.yaml");
  await Bun.write(path, Bun.YAML.stringify(values));
  return loadSettings({
    env: {},
    cwd: folder,
    configFile: path,
    flags: { cache: join(folder, "cache"), scratch: join(folder, "scratch") },
  });
}

/** One sync to Trino; gives what was planned and done. */
export async function sync(
  { lake, settings }: SyncBench,
  options: Partial<PlanOptions> = {},
  signal?: AbortSignal,
) {
  const opened = await openSync(lake, settings, "trino");
  try {
    const nowMs = options.nowMs ?? Date.now();
    const plan = opened.plan({ graceMs: 86_400_000, assets: false, ...options, nowMs });
    return { plan, result: await opened.execute(plan, { nowMs, ...(signal && { signal }) }) };
  } finally {
    opened.close();
  }
}

/** The rows of a query as Trino gives them and as the lake's own catalog does. */
export async function bothRows({ lake, settings, folder }: SyncBench, query: RowQuery = {}) {
  const own = new DuckDBClient({ path: lake.layout.catalogFile, scratch: join(folder, "scratch") });
  const trino = new TrinoClient(await trinoOptions(settings));
  try {
    return { own: await rowsOf(own, query), trino: await rowsOf(trino, query) };
  } finally {
    own.close();
    trino.close();
  }
}

async function rowsOf(engine: QueryEngine, query: RowQuery) {
  const result = await engine.retrieveWithExistingCols(query);
  const rows = await collectRows(result);
  return { columns: result.columns, partitions: await engine.retrievePartitions(query), rows };
}
