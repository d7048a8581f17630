import type { Settings } from "../config.ts";
import { AppError, throwIfCancelled } from "../errors.ts";
import type { Lake } from "../lake/lake.ts";
import { acquireLease, type Lease } from "../lake/lease.ts";
import { dropPrepared } from "../lake/replace.ts";
import type { Logger } from "../log.ts";
import { openDatabase } from "../query/database.ts";
import { formatPartition, type PartitionKey } from "../schema/partition.ts";
import { type Build, createBuild } from "./build.ts";
import { BUILD_STEPS, type BuildStep } from "./steps.ts";

export interface RefreshOptions {
  lake: Lake;
  settings: Settings;
  /** Builds everything anew from the partition files. */
  full?: boolean;
  /** Partitions that the caller has changed: looked into whatever a mount says of the times of their folders. */
  changed?: readonly PartitionKey[];
  logger: Logger;
  signal?: AbortSignal;
  /** Called before each step; tests stop a refresh there. */
  onStep?: (step: BuildStep) => void | Promise<void>;
  /** How long to wait while another publishes; 60 s without. */
  waitMs?: number;
}

export interface RefreshResult {
  generation: number;
  /** Rows and partitions in the catalog. */
  rows: number;
  partitions: number;
  /** Partitions that were loaded, added to, or whose files changed. */
  refreshed: number;
  removed: number;
  /** Partitions that could not be read: the catalog keeps what it held of them before. */
  failed: { partition: string; code: string; message: string }[];
  duration_ms: number;
  /** The published file. */
  path: string;
}

/**
 * Brings `catalog.duckdb` in line with the partitions and publishes it with one rename; nothing is published when
 * nothing changed. An unreadable partition keeps its old rows and is named in `failed`. Throws `locked` when another
 * publisher holds the lake for longer than `waitMs`, `cancelled`, `conflict` when a program writes the published file.
 */
export async function refreshCatalog(options: RefreshOptions): Promise<RefreshResult> {
  const startedMs = performance.now();
  const { lake, settings, logger } = options;
  const lease = await waitForLease(lake, options.waitMs ?? 60_000, options.signal);
  try {
    await dropPrepared(lake.layout.catalogFile);
    let build: Build;
    try {
      build = await runSteps(options, lease, options.full ?? false);
    } catch (error) {
      // A known error means what it says. Any other may come from what the build started from: the files are the truth.
      if (options.full || error instanceof AppError || options.signal?.aborted) throw error;
      logger.warn("the refresh failed; building the catalog anew", { error });
      build = await runSteps(options, lease, true);
    }
    const failed = build.plan.failures.map(({ key, error }) => {
      logger.error("partition left as it was in the catalog", { partition: formatPartition(key), error });
      return { partition: formatPartition(key), code: error.code, message: error.message };
    });
    const partitions = Array.from(build.partitions.values());
    return {
      generation: build.generation,
      rows: partitions.reduce((sum, partition) => sum + partition.rows, 0),
      partitions: partitions.length,
      refreshed: build.plan.loads.length + build.plan.describes.length,
      removed: build.plan.removes.length,
      failed,
      duration_ms: Math.round(performance.now() - startedMs),
      path: lake.layout.catalogFile,
    };
  } finally {
    await lease.release();
  }

  async function runSteps(options: RefreshOptions, lease: Lease, full: boolean): Promise<Build> {
    const database = await openDatabase({ scratch: settings.scratchFolder, ...settings.database });
    try {
      const build = await createBuild({ ...options, database, lease, full });
      const timesMs: Record<string, number> = {};
      for (const [name, step] of BUILD_STEPS) {
        if (build.upToDate) break;
        throwIfCancelled(options.signal);
        await options.onStep?.(name);
        const stepStartedMs = performance.now();
        await step(build);
        timesMs[name] = Math.round(performance.now() - stepStartedMs);
      }
      logger.info(build.upToDate ? "catalog is up to date" : "catalog published", {
        generation: build.generation,
        full: build.full,
        times_ms: timesMs,
      });
      return build;
    } finally {
      database.close();
    }
  }
}

const RETRY_MS = 200;

async function waitForLease(lake: Lake, waitMs: number, signal: AbortSignal | undefined): Promise<Lease> {
  const startedMs = performance.now();
  for (;;) {
    throwIfCancelled(signal);
    try {
      return await acquireLease(lake.layout.publishLease, { purpose: "a catalog refresh" });
    } catch (error) {
      const isHeld = error instanceof AppError && error.code === "locked";
      if (!isHeld || performance.now() - startedMs > waitMs) throw error;
      await Bun.sleep(RETRY_MS);
    }
  }
}
