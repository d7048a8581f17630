import { stat } from "node:fs/promises";
import { join } from "node:path";
import * as v from "valibot";
import { requireCatalog } from "../catalog/open.ts";
import type { Settings } from "../config.ts";
import { AppError } from "../errors.ts";
import type { Lake } from "../lake/lake.ts";
import { athenaOptions } from "../query/athena/options.ts";
import { bucketOf, createS3 } from "../query/aws/s3.ts";
import { type Database, openDatabase } from "../query/database.ts";
import type { StatementRunner } from "../query/statement/statements.ts";
import { trinoOptions } from "../query/trino/options.ts";
import { checkValue } from "../schema/check.ts";
import { eachConcurrent } from "../util/concurrent.ts";
import { athenaDdl, type Ddl, trinoDdl } from "./ddl.ts";
import {
  executeSync,
  MANIFEST,
  type SyncEffects,
  type SyncResult,
  statementsOf,
  UNFINISHED,
} from "./execute.ts";
import { type SyncManifest, SyncManifestSchema, type SyncTarget, UnfinishedSchema } from "./model.ts";
import { planSync, type SyncPlan } from "./plan.ts";
import { readLake } from "./read-lake.ts";
import { type AssetStore, folderStore, type SyncStore, s3Store } from "./store.ts";

export interface OpenSync {
  /** State of the target; undefined before the first sync. */
  manifest: SyncManifest | undefined;
  plan(options: PlanOptions): SyncPlan;
  /** Cost of a plan: current bytes of the files to send, and number of statements. */
  estimate(plan: SyncPlan): Promise<{ bytes: number; statements: number }>;
  execute(plan: SyncPlan, options: SyncOptions): Promise<SyncResult>;
  close(): void;
}

export interface PlanOptions {
  graceMs: number;
  nowMs: number;
  assets: boolean;
}

export interface SyncOptions {
  nowMs: number;
  signal?: AbortSignal;
  /** Throws if another process may be using the target. */
  confirm?: () => Promise<void>;
  onProgress?: NonNullable<SyncEffects["onProgress"]>;
}

/**
 * Opens a lake and a sync target with the newest catalog and the last manifest. Throws `not_found` without a
 * catalog, `invalid_config` naming the missing setting, `corrupt` for an unreadable manifest.
 */
export async function openSync(lake: Lake, settings: Settings, target: SyncTarget): Promise<OpenSync> {
  await requireCatalog(lake);
  const place = placeOf(lake, settings, target);
  const database = await openDatabase({ scratch: settings.scratchFolder, ...settings.database });
  try {
    const state = await readLake(database, lake);
    const manifest = await readDocument(place.store, MANIFEST, SyncManifestSchema);
    const unfinished = await readDocument(place.store, UNFINISHED, UnfinishedSchema);
    return {
      manifest,
      plan: (options) =>
        planSync({
          ...options,
          unfinished,
          target,
          shared: place.shared,
          generation: state.generation,
          partitions: state.partitions,
          before: manifest,
        }),
      estimate: (plan) => estimate({ lake, settings, target, place }, plan),
      execute: (plan, options) =>
        execute({ lake, settings, target, database, place, known: state.table }, plan, options),
      close: () => database.close(),
    };
  } catch (error) {
    database.close();
    throw error;
  }
}

const STATS_AT_ONCE = 32;

interface Place {
  store: SyncStore;
  assets: AssetStore | undefined;
  /** The target reads the lake's own files. */
  shared: boolean;
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
    return { store, assets: undefined, shared: true };
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
  };
}

async function readDocument<S extends v.GenericSchema>(
  store: SyncStore,
  name: string,
  schema: S,
): Promise<v.InferOutput<S> | undefined> {
  const text = await store.readText(name);
  if (text === undefined) return undefined;
  const result = checkValue(v.pipe(v.string(), v.parseJson(), schema), text);
  if (result.success) return result.output;
  throw new AppError(
    "corrupt",
    `${store.address}/${name} cannot be read (${result.issues[0].message}); remove it, and the next sync starts from scratch`,
    { details: { path: `${store.address}/${name}` } },
  );
}

async function estimate(
  parts: { lake: Lake; settings: Settings; target: SyncTarget; place: Place },
  plan: SyncPlan,
): Promise<{ bytes: number; statements: number }> {
  const { lake, settings, target, place } = parts;
  let bytes = 0;
  await eachConcurrent(plan.transfers, STATS_AT_ONCE, async ({ partition, file }) => {
    const info = await stat(join(lake.layout.partition(partition), file)).catch(() => undefined); // the sync reports it
    bytes += info?.size ?? 0;
  });
  const runner = await openRunner(settings, target);
  try {
    const ddl = ddlOf(target, runner);
    const { store } = place;
    const stages = plan.upToDate ? [] : statementsOf(plan, { ddl, store, runner });
    let statements = 0;
    for (const stage of stages) for (const _ of stage.statements) statements += 1;
    return { bytes, statements };
  } finally {
    runner.close();
  }
}

function ddlOf(target: SyncTarget, runner: StatementRunner): Ddl {
  return target === "athena" ? athenaDdl(runner) : trinoDdl(runner);
}

async function execute(
  parts: {
    lake: Lake;
    settings: Settings;
    target: SyncTarget;
    database: Database;
    place: Place;
    known: string;
  },
  plan: SyncPlan,
  { nowMs, signal, confirm, onProgress }: SyncOptions,
): Promise<SyncResult> {
  const { lake, settings, target, database, place, known } = parts;
  const runner = await openRunner(settings, target);
  try {
    return await executeSync(plan, {
      lake,
      store: place.store,
      assets: place.assets,
      runner,
      ddl: ddlOf(target, runner),
      database,
      known,
      scratch: join(settings.scratchFolder, `sync-${process.pid}`),
      nowMs,
      signal,
      confirm,
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
