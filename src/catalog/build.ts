import { stat } from "node:fs/promises";
import type { Settings } from "../config.ts";
import { AppError } from "../errors.ts";
import type { Lake } from "../lake/lake.ts";
import type { Lease } from "../lake/lease.ts";
import type { Logger } from "../log.ts";
import type { Database } from "../query/database.ts";
import type { PartitionKey } from "../schema/partition.ts";
import { type Houses, openHouses } from "./houses.ts";
import type { Circumstances } from "./left-out.ts";
import type { FolderMtime } from "./observe.ts";
import type { PublishedCatalog } from "./open.ts";
import type { FailedPartition, RefreshPlan } from "./plan.ts";
import { openScratch, type ScratchCatalog } from "./scratch.ts";
import type { KnownPartition } from "./tables.ts";

/** One refresh on its way: what its steps hand to each other. */
export interface Build {
  lake: Lake;
  logger: Logger;
  database: Database;
  lease: Lease;
  /** Stands in the file: what is found at the catalog's place is ours when it says so. */
  attempt: string;
  signal: AbortSignal | undefined;
  scratch: ScratchCatalog;
  scratchFolder: string;
  /** The file server's clock when the build began, in ns. */
  nowNs: bigint;
  /** Starts from an empty file instead of the published one. */
  full: boolean;
  /** Rows of appends may be published in the small file... */
  quick: boolean;
  /** ...where the large one has at least this size, as in settings. */
  recentFrom: string;
  /** The work file is the small one. */
  isRecent: boolean;
  /** The small file that is there belongs to what is published no longer. */
  endsRecent: boolean;
  /** Partitions that are looked into in any case. */
  changed: readonly PartitionKey[];
  /** Nothing to publish: the steps that are left are not run. */
  upToDate: boolean;
  published: PublishedCatalog | undefined;
  folders: FolderMtime[];
  plan: RefreshPlan;
  /** Partitions that earlier attempts found not to fit, by name. */
  leaveOut: Attempt["leaveOut"];
  /** What a build may take at most. */
  most: Circumstances;
  /** Loads have a transaction each. */
  apart: boolean;
  /** A COMMIT failed: what is in the work file is not to be relied on. */
  isTainted: boolean;
  /** What the catalog will hold, by the partition's name. */
  partitions: Map<string, KnownPartition>;
  /** Where the rows of each partition are. */
  houses: Houses;
  generation: number;
  /** No row has a number from here on. */
  nextRow: number;
  /** Whether the catalog is to have an index for text search. */
  wantsIndex: boolean;
  /** Whether this checkpoint merges row groups. */
  vacuum: boolean;
  /** Ends what keeps it from that. */
  releaseRowGroups: () => void;
}

interface BuildOptions {
  lake: Lake;
  settings: Settings;
  logger: Logger;
  database: Database;
  lease: Lease;
  signal?: AbortSignal;
  full: boolean;
  quick: boolean;
  changed?: readonly PartitionKey[];
  attempt: Attempt;
}

/** How a build is tried. */
export interface Attempt {
  /** With all the memory there is for it, one thread, and each load in a transaction of its own. */
  lessMemory: boolean;
  /** What did not fit even so, by the partition's name. */
  leaveOut: ReadonlyMap<string, FailedPartition>;
}

/** Thrown where a build must begin again with a new work file: what of it failed now is left out, all else is tried with less memory. */
export class StartOver extends Error {
  readonly failures: readonly FailedPartition[];

  constructor(failures: readonly FailedPartition[], cause: unknown) {
    super("the catalog is built anew with another work file", { cause });
    this.failures = failures;
  }
}

/** Thrown where the small file cannot hold what is new: all is published anew. */
export class NotQuick extends Error {
  constructor(cause: unknown) {
    super("the small file of recent rows cannot be made", { cause });
  }
}

export async function createBuild(options: BuildOptions): Promise<Build> {
  const { lake, settings, logger, database, lease, signal, full, quick, changed = [], attempt } = options;
  return {
    lake,
    logger,
    database,
    lease,
    attempt: crypto.randomUUID(),
    signal,
    scratch: await openScratch(lake, settings.scratchFolder),
    scratchFolder: settings.scratchFolder,
    nowNs: (await stat(lake.layout.publishLease, { bigint: true })).mtimeNs,
    full,
    quick,
    recentFrom: settings.catalog.recent_from,
    isRecent: false,
    endsRecent: false,
    changed,
    upToDate: false,
    published: undefined,
    folders: [],
    plan: { loads: [], describes: [], removes: [], failures: [], touches: [] },
    most: settings.database,
    apart: attempt.lessMemory,
    leaveOut: attempt.leaveOut,
    isTainted: false,
    partitions: new Map(),
    houses: openHouses([]),
    generation: 0,
    nextRow: 0,
    wantsIndex: settings.catalog.index === "on",
    vacuum: false,
    releaseRowGroups: () => {},
  };
}

/** Throws `locked` when the lease is another's: that one publishes now. */
export async function confirmLease({ lease, lake }: Build): Promise<void> {
  await lease.confirm().catch((cause) => {
    if (!(cause instanceof AppError)) throw cause;
    throw new AppError(
      "locked",
      `the catalog lease of ${lake.root} was lost while building; run \`datalake catalog rebuild\` again`,
      { cause },
    );
  });
}
