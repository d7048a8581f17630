import type { Settings } from "../config.ts";
import { AppError, throwIfCancelled } from "../errors.ts";
import type { Lake } from "../lake/lake.ts";
import { type Lease, waitForLease } from "../lake/lease.ts";
import { dropPrepared } from "../lake/replace.ts";
import type { Logger } from "../log.ts";
import { openDatabase } from "../query/database.ts";
import type { RebuildResult } from "../schema/catalog-documents.ts";
import { formatPartition, type PartitionKey } from "../schema/partition.ts";
import { type Attempt, type Build, createBuild, NotQuick, StartOver } from "./build.ts";
import { doesNotFit } from "./load-partitions.ts";
import type { FailedPartition } from "./plan.ts";
import { BUILD_STEPS, type BuildStep } from "./steps.ts";

export interface RefreshOptions {
  lake: Lake;
  settings: Settings;
  /** Limits of the first attempt; a retry may use all that the settings allow. Default: the settings. */
  initialLimits?: Settings["database"];
  /** Builds everything anew from the partition files. */
  full?: boolean;
  /** May leave the large file as it is, and publish rows that were appended in the small one. */
  quick?: boolean;
  /** Partitions that the caller has changed: looked into whatever a mount says of the times of their folders. */
  changed?: readonly PartitionKey[];
  logger: Logger;
  signal?: AbortSignal;
  /** Called before each step; tests stop a refresh there. */
  onStep?: (step: BuildStep) => void | Promise<void>;
  /** How long to wait while another publishes; 60 s without. */
  waitMs?: number;
}

/**
 * Brings `catalog.duckdb` in line with the partitions and publishes it with one rename; nothing is published when
 * nothing changed. An unreadable partition keeps its old rows and is named in `failed`. Throws `locked` when another
 * publisher holds the lake for longer than `waitMs`, `cancelled`, `conflict` when a program writes the published file.
 */
export async function refreshCatalog(options: RefreshOptions): Promise<RebuildResult> {
  const startedMs = performance.now();
  const { lake, logger } = options;
  const lease = await waitForLease(
    lake.layout.publishLease,
    { purpose: "a catalog refresh" },
    options.waitMs ?? 60_000,
    options.signal,
  );
  try {
    await dropPrepared(lake.layout.catalogFile);
    const build = await buildCatalog(options, lease);
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
}

/** Runs the steps until they come to their end: what does not fit is tried with less memory, then without what does not fit even so. */
async function buildCatalog(options: RefreshOptions, lease: Lease): Promise<Build> {
  const { logger, signal } = options;
  const leaveOut = new Map<string, FailedPartition>();
  let full = options.full ?? false;
  let quick = options.quick ?? false;
  let lessMemory = false;
  for (;;) {
    try {
      return await runSteps({ ...options, full, quick }, lease, { lessMemory, leaveOut });
    } catch (error) {
      throwIfCancelled(signal);
      if (error instanceof NotQuick) {
        logger.warn("recent rows cannot be published alone; publishing the whole catalog", { error });
        quick = false;
        continue;
      }
      const isNew = error instanceof StartOver && error.failures.some((one) => isNews(leaveOut, one));
      const isShort = error instanceof StartOver || doesNotFit(error);
      if (isShort && (isNew || !lessMemory)) {
        for (const failure of error instanceof StartOver ? error.failures : []) {
          leaveOut.set(formatPartition(failure.key), failure);
        }
        logger.warn("the catalog does not fit into the memory as it is built; trying another way", { error });
        lessMemory = true;
        continue;
      }
      if (isShort) throw tooLarge(options, error);
      // A known error means what it says. Any other may come from what the build started from: the files are the truth.
      if (full || error instanceof AppError) throw error;
      logger.warn("the refresh failed; rebuilding the catalog", { error });
      full = true;
    }
  }
}

/** Whether it is left out only now, or loses only now the rows that were published. */
function isNews(leaveOut: ReadonlyMap<string, FailedPartition>, { key, isLost }: FailedPartition): boolean {
  const before = leaveOut.get(formatPartition(key));
  return before === undefined || (isLost === true && before.isLost !== true);
}

async function runSteps(
  options: RefreshOptions & { full: boolean; quick: boolean },
  lease: Lease,
  attempt: Attempt,
): Promise<Build> {
  const { settings, logger } = options;
  const most = settings.database;
  const given = attempt.lessMemory ? { ...most, threads: 1 } : (options.initialLimits ?? most);
  const database = await openDatabase({
    scratch: settings.scratchFolder,
    mostMemory: most.memory,
    ...given,
  });
  let build: Build | undefined;
  try {
    build = await createBuild({ ...options, database, lease, attempt });
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
      recent: build.isRecent,
      times_ms: timesMs,
    });
    return build;
  } catch (error) {
    // What the small file cannot do may well go into the large one.
    const isOthers = error instanceof AppError && OF_OTHERS.has(error.code);
    throw build?.isRecent && !isOthers ? new NotQuick(error) : error;
  } finally {
    database.close();
  }
}

const OF_OTHERS: ReadonlySet<string> = new Set(["cancelled", "conflict", "locked"]);

function tooLarge({ lake, settings }: RefreshOptions, cause: unknown): AppError {
  return new AppError(
    "too_large",
    `the catalog of ${lake.root} does not fit into the memory of a build, ${settings.database.memory}; set database.memory higher and run \`datalake catalog rebuild\``,
    { details: { key: "database.memory" }, cause },
  );
}
