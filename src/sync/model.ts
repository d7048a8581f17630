import * as v from "valibot";
import { ColumnSchema, ColumnStatsSchema } from "../schema/columns.ts";
import { PartitionKeySchema } from "../schema/partition.ts";

export const SYNC_TARGETS = ["athena", "trino"] as const;
export type SyncTarget = (typeof SYNC_TARGETS)[number];

const SyncedFileSchema = v.object({
  name: v.string(),
  bytes: v.number(),
  /** Whether the assets that it names were sent. */
  assets: v.boolean(),
});

/** A partition as a sync left it. */
export const SyncedPartitionSchema = v.object({
  ...PartitionKeySchema.entries,
  rows: v.number(),
  bytes: v.number(),
  base_version: v.number(),
  version: v.number(),
  columns: v.array(ColumnStatsSchema),
  features: v.string(),
  /** Where its files lie: below the root of the copy, or the lake's own folder. */
  folder: v.string(),
  files: v.array(SyncedFileSchema),
});
export type SyncedPartition = v.InferOutput<typeof SyncedPartitionSchema>;

/** What a running query may still read, and since when nothing refers to it. */
const DeadSchema = v.object({
  /** Below the root of the copy; all objects that begin with it. */
  prefix: v.string(),
  /** Of the table of partitions, to be dropped with its objects. */
  generation: v.optional(v.number()),
  /** ISO 8601. */
  died_at: v.string(),
});
export type Dead = v.InferOutput<typeof DeadSchema>;

/** `manifest.json` of a copy: what stands at the target when the last sync was through. Written last. */
export const SyncManifestSchema = v.object({
  format: v.literal(1),
  target: v.picklist(SYNC_TARGETS),
  /** Of the catalog that was synced. */
  generation: v.number(),
  synced_at: v.string(),
  /** Of the table at the target, behind the partition's names. */
  columns: v.array(ColumnSchema),
  partitions: v.array(SyncedPartitionSchema),
  dead: v.array(DeadSchema),
});
export type SyncManifest = v.InferOutput<typeof SyncManifestSchema>;

/**
 * `unfinished.json` of a copy: written before anything is changed, gone behind the manifest. From it a sync knows what
 * one before it had begun and did not get to tell: how those parts of the target stand is unknown.
 */
export const UnfinishedSchema = v.object({
  generation: v.number(),
  /** Generations whose lists of partitions syncs before it may have left, none of which got to its end. */
  earlier: v.array(v.number()),
  /** Folders that were being filled, below the root of the copy, each with a slash at its end. */
  prefixes: v.array(v.string()),
  /** Partitions that were being added, moved or dropped. */
  keys: v.array(PartitionKeySchema),
  /** The table's columns were being changed. */
  columns: v.boolean(),
});
export type Unfinished = v.InferOutput<typeof UnfinishedSchema>;

/** A partition of the lake, as its catalog tells. */
export interface LakePartition extends Omit<SyncedPartition, "folder" | "files"> {
  /** Names of its live files, the base first. */
  files: string[];
  /** The uploads that made its rows, oldest first. */
  uploads: string[];
}
