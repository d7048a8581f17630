import { join } from "node:path";
import * as v from "valibot";
import { readPublished, requireCatalog } from "../catalog/open.ts";
import type { Settings } from "../config.ts";
import { AppError } from "../errors.ts";
import type { Lake } from "../lake/lake.ts";
import { bucketOf, createS3 } from "../query/athena/s3.ts";
import { athenaOptions, trinoOptions } from "../query/create-engine.ts";
import { type Database, openDatabase } from "../query/database.ts";
import type { StatementRunner } from "../query/trino/statements.ts";
import { athenaDdl, trinoDdl } from "./ddl.ts";
import { executeSync, MANIFEST, type SyncEffects, type SyncResult } from "./execute.ts";
import { type LakePartition, type SyncManifest, SyncManifestSchema, type SyncTarget } from "./model.ts";
import { planSync, type SyncPlan } from "./plan.ts";
import { folderStore, type SyncStore, s3Store } from "./store.ts";

export interface OpenSync {
  /** What stands at the target; undefined before the first sync. */
  manifest: SyncManifest | undefined;
  plan(graceMs: number, nowMs: number): SyncPlan;
  execute(plan: SyncPlan, options: ExecuteOptions): Promise<SyncResult>;
  close(): void;
}

export interface ExecuteOptions {
  nowMs: number;
  /** Sends the assets of changed partitions too. */
  assets: boolean;
  signal?: AbortSignal;
  onProgress?: NonNullable<SyncEffects["onProgress"]>;
}

/**
 * A lake and a target of sync, looked at: the newest catalog, and the manifest of the last sync. Throws `not_found`
 * without a catalog, `invalid_config` naming the setting that is missing, `corrupt` for a manifest that cannot be read.
 */
export async function openSync(lake: Lake, settings: Settings, target: SyncTarget): Promise<OpenSync> {
  await requireCatalog(lake);
  const place = placeOf(lake, settings, target);
  const database = await openDatabase({ scratch: settings.scratchFolder, ...settings.database });
  try {
    const published = await readPublished(database, lake);
    const manifest = await readManifest(place.store);
    return {
      manifest,
      plan: (graceMs, nowMs) =>
        planSync({
          target,
          shared: place.shared,
          generation: published?.head.generation ?? 0,
          partitions: (published?.partitions ?? []) as LakePartition[],
          before: manifest,
          nowMs,
          graceMs,
        }),
      execute: (plan, options) => execute({ lake, settings, target, database, place }, plan, options),
      close: () => database.close(),
    };
  } catch (error) {
    database.close();
    throw error;
  }
}

interface Place {
  store: SyncStore;
  /** Of assets. */
  assets: SyncStore | undefined;
  /** The target reads the lake's own files. */
  shared: boolean;
  rowsAddress: string;
}

function placeOf(lake: Lake, settings: Settings, target: SyncTarget): Place {
  const { location } = settings.trino;
  if (target === "trino" && location !== undefined) {
    const address = location.replace(/\/+$/, "");
    const store = folderStore(
      lake.layout.sync(target),
      `${address}/${lake.layout.syncName(target)}`,
      lake.modes,
    );
    return { store, assets: undefined, shared: true, rowsAddress: `${address}/catalog` };
  }
  const bucket = bucketOf(settings);
  const prefix = settings.s3.prefix.replace(/^\/+|\/+$/g, "");
  const client = createS3(bucket);
  const below = (name: string) => (prefix === "" ? name : `${prefix}/${name}`);
  const store = s3Store(client, bucket.bucket, below(target));
  return {
    store,
    assets: s3Store(client, bucket.bucket, prefix),
    shared: false,
    rowsAddress: store.address,
  };
}

async function readManifest(store: SyncStore): Promise<SyncManifest | undefined> {
  const text = await store.readText(MANIFEST);
  if (text === undefined) return undefined;
  const result = v.safeParse(v.pipe(v.string(), v.parseJson(), SyncManifestSchema), text);
  if (result.success) return result.output;
  throw new AppError(
    "corrupt",
    `${store.address}/${MANIFEST} cannot be read (${result.issues[0].message}); remove it, and the next sync makes all anew`,
    { details: { path: `${store.address}/${MANIFEST}` } },
  );
}

async function execute(
  parts: { lake: Lake; settings: Settings; target: SyncTarget; database: Database; place: Place },
  plan: SyncPlan,
  { nowMs, assets, signal, onProgress }: ExecuteOptions,
): Promise<SyncResult> {
  const { lake, settings, target, database, place } = parts;
  const runner = await openRunner(settings, target);
  try {
    return await executeSync(plan, {
      lake,
      store: place.store,
      assets: assets ? place.assets : undefined,
      runner,
      ddl: target === "athena" ? athenaDdl(runner) : trinoDdl(runner),
      database,
      scratch: join(settings.scratchFolder, `sync-${process.pid}`),
      rowsAddress: place.rowsAddress,
      nowMs,
      signal,
      ...(onProgress && { onProgress }),
    });
  } finally {
    runner.close();
  }
}

async function openRunner(settings: Settings, target: SyncTarget): Promise<StatementRunner> {
  if (target === "athena") {
    const { createAthenaRunner } = await import("../query/athena/runner.ts");
    return createAthenaRunner(athenaOptions(settings));
  }
  const { createTrinoRunner } = await import("../query/trino/runner.ts");
  return createTrinoRunner(await trinoOptions(settings));
}
