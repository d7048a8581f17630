import * as v from "valibot";
import { type Column, ColumnSchema } from "../schema/columns.ts";
import { type PartitionKey, PartitionKeySchema } from "../schema/partition.ts";

export const SYNC_TARGETS = ["athena", "trino"] as const;
export type SyncTarget = (typeof SYNC_TARGETS)[number];

const SyncedPartitionShape = v.object({
  ...PartitionKeySchema.entries,
  version: v.number(),
  /** Name of the folder in which its files lie; empty for the partition's own, as version 0.1.0 used it. */
  place: v.string(),
  files: v.array(v.string()),
  /** Whether the assets that all of them name were sent. */
  assets: v.boolean(),
});
/** A partition as a sync left it. */
export type SyncedPartition = v.InferOutput<typeof SyncedPartitionShape>;

/** Checked without making a copy of each: there may be 100,000. */
const SyncedPartitionSchema = v.custom<SyncedPartition>((value) => v.is(SyncedPartitionShape, value));

/** What a running query may still read, and since when nothing refers to it. */
const DeadSchema = v.object({
  /** Below the root of the copy, with all that is in it. */
  folder: v.string(),
  /** Of the table of partitions, to be dropped with its objects. */
  generation: v.optional(v.number()),
  /** ISO 8601. */
  died_at: v.string(),
});
export type Dead = v.InferOutput<typeof DeadSchema>;

/** `manifest.json` of a copy: what is at the target when the last sync was through. Written last. */
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
 * `unfinished.json` of a copy: written before anything is changed, gone behind the manifest. From it a sync knows
 * what one before it had begun and did not get to tell: how those parts of the target stand is unknown.
 */
export const UnfinishedSchema = v.object({
  generation: v.number(),
  /** Generations whose lists of partitions syncs before it may have left, none of which got to its end. */
  earlier: v.array(v.number()),
  /** Folders that were being filled, below the root of the copy. */
  folders: v.array(v.string()),
  /** Partitions that were being added, moved or dropped. */
  keys: v.array(PartitionKeySchema),
  /** The table's columns were being changed. */
  columns: v.boolean(),
});
export type Unfinished = v.InferOutput<typeof UnfinishedSchema>;

/** Of a partition; `isEmpty` where no row has a value. */
export interface LakeColumn extends Column {
  isEmpty: boolean;
}

/**
 * What a plan needs of a partition of the lake. There may be 100,000 of them: equal lists of columns are one list.
 */
export interface LakePartition extends PartitionKey {
  base_version: number;
  version: number;
  /** Names of its live files, the base first. */
  files: string[];
  columns: readonly LakeColumn[];
  /** The oldest and the newest of the uploads that made its rows. */
  first_upload: string;
  last_upload: string;
}
