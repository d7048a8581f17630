import { compactIfDue, MAX_DELTAS } from "../catalog/compact.ts";
import { readOwnPartition } from "../catalog/partition.ts";
import type { Lake } from "../lake/lake.ts";
import type { Database } from "../query/database.ts";
import { formatPartition, type PartitionKey } from "../schema/partition.ts";
import type { UploadManifest } from "../schema/upload.ts";

/** What a job must know of a partition before appending. */
export interface PartitionState {
  version: number;
  baseVersion: number;
  /** Its log: the uploads that made its rows. */
  uploads: Map<string, { version: number; rows: number; rejected: number }>;
}

/**
 * Partitions of a job, each read once. The job is their only writer, so its own commits keep this current,
 * and small appends do not reread all files.
 */
export interface KnownPartitions {
  read(database: Database, key: PartitionKey): Promise<PartitionState | undefined>;
  note(manifest: UploadManifest, commit: { version: number; rows: number; rejected: number }): void;
  /** Compacts a partition if this job added too many deltas. */
  compact(database: Database, key: PartitionKey): Promise<void>;
  /** Drops a partition after a failed commit, to read it again. */
  forget(key: PartitionKey): void;
}

export function createKnownPartitions(lake: Lake, confirm: () => Promise<void>): KnownPartitions {
  const known = new Map<string, PartitionState | undefined>();
  return {
    read: async (database, key) => {
      const name = formatPartition(key);
      if (known.has(name)) return known.get(name);
      const state = await readOwnPartition(database, lake, key);
      const found = state && {
        version: state.version,
        baseVersion: state.baseVersion,
        uploads: new Map(state.uploads.map(({ upload_id, ...entry }) => [upload_id, entry])),
      };
      known.set(name, found);
      return found;
    },
    note: (manifest, commit) => {
      const name = formatPartition(manifest);
      const before = known.get(name);
      const isBase = before === undefined || manifest.mode !== "append";
      const uploads = isBase ? new Map() : before.uploads;
      uploads.set(manifest.upload_id, commit);
      const baseVersion = isBase ? commit.version : before.baseVersion;
      known.set(name, { version: commit.version, baseVersion, uploads });
    },
    compact: async (database, key) => {
      const partition = known.get(formatPartition(key));
      if (partition === undefined || partition.version - partition.baseVersion <= MAX_DELTAS) return;
      if (await compactIfDue(database, lake, key, { confirm })) {
        partition.baseVersion = partition.version;
      }
    },
    forget: (key) => {
      known.delete(formatPartition(key));
    },
  };
}
