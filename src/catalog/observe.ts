import { stat } from "node:fs/promises";
import { AppError } from "../errors.ts";
import { isMissing } from "../lake/files.ts";
import { refreshListing } from "../lake/fresh-listing.ts";
import type { Lake } from "../lake/lake.ts";
import type { Database } from "../query/database.ts";
import { formatPartition, type PartitionKey } from "../schema/partition.ts";
import type { Footer } from "./footer.ts";
import { prefetchFooters, readPartition } from "./partition.ts";
import type { Observation } from "./plan.ts";
import type { KnownPartition } from "./tables.ts";

/**
 * An mtime is coarse: a folder that changed so shortly before it was read may change again in the same tick, and the
 * mtime would not tell. Such a one is looked into again next time.
 */
const SETTLE_NS = 2_000_000_000n;
const UNSETTLED = "?";
const IN_FLIGHT = 64;

/** A partition folder and its mtime, as it is stored in `partitions.folder_mtime`. */
export interface FolderMtime {
  key: PartitionKey;
  folderMtime: string;
}

/** One stat of each partition folder. `nowNs` is the file server's clock before the first of them. */
export async function statFolders(
  lake: Lake,
  keys: readonly PartitionKey[],
  nowNs: bigint,
): Promise<FolderMtime[]> {
  const folders: FolderMtime[] = [];
  for (let at = 0; at < keys.length; at += IN_FLIGHT) {
    const batch = keys.slice(at, at + IN_FLIGHT).map(async (key) => {
      const mtimeNs = await folderMtimeNs(lake.layout.partition(key));
      if (mtimeNs === undefined) return undefined;
      return { key, folderMtime: `${mtimeNs}${nowNs - mtimeNs < SETTLE_NS ? UNSETTLED : ""}` };
    });
    folders.push(...(await Promise.all(batch)).filter((folder) => folder !== undefined));
  }
  return folders;
}

async function folderMtimeNs(path: string): Promise<bigint | undefined> {
  try {
    return (await stat(path, { bigint: true })).mtimeNs;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** The folders whose mtime is not the one that the catalog knows, or knows as unsettled, and those that are named. */
export function changedFolders(
  known: readonly KnownPartition[],
  folders: readonly FolderMtime[],
  named: readonly PartitionKey[],
): FolderMtime[] {
  const names = new Set(named.map(formatPartition));
  const mtimes = new Map(known.map((partition) => [formatPartition(partition), partition.folder_mtime]));
  return folders.filter(({ key, folderMtime }) => {
    const before = mtimes.get(formatPartition(key));
    if (names.has(formatPartition(key))) return true;
    return before === undefined || before.endsWith(UNSETTLED) || before !== folderMtime;
  });
}

/**
 * Looks into partition folders; one that cannot be read becomes an error beside the others. One that is found older than
 * the catalog holds it may be the folder as it was, and is listed anew.
 */
export async function observePartitions(
  database: Database,
  lake: Lake,
  folders: readonly FolderMtime[],
  held: ReadonlyMap<string, KnownPartition> = new Map(),
): Promise<Observation[]> {
  const keys = folders.map((folder) => folder.key);
  const footers = await prefetchFooters(database, lake, keys);
  const observations: Observation[] = [];
  for (const { key, folderMtime } of folders) {
    let found = await readOrError(database, lake, key, footers);
    const known = held.get(formatPartition(key));
    const isOld = found === undefined || found instanceof Error || found.version < (known?.version ?? 0);
    const folder = lake.layout.partition(key);
    if (isOld && known !== undefined && (await lake.view.mayLag(folder))) {
      await refreshListing(folder);
      found = await readOrError(database, lake, key, new Map());
    }
    observations.push({ key, folderMtime, found });
  }
  return observations;
}

/** Of a partition that the catalog holds and whose folder is there without its files. */
export function emptied(lake: Lake, key: PartitionKey): AppError {
  const folder = lake.layout.partition(key);
  return new AppError(
    "corrupt",
    `${folder} has no base any more (data.parquet, or base-<version>.parquet); restore it from a backup, or remove the folder`,
    { details: { path: folder } },
  );
}

/** A partition, or the `corrupt` error that keeps it from being read. */
async function readOrError(
  database: Database,
  lake: Lake,
  key: PartitionKey,
  footers: ReadonlyMap<string, Footer>,
) {
  try {
    return await readPartition(database, lake, key, footers);
  } catch (error) {
    if (error instanceof AppError && error.code === "corrupt") return error;
    throw error;
  }
}
