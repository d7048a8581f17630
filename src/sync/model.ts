import * as v from "valibot";
import { type Column, ColumnSchema } from "../schema/columns.ts";
import { type PartitionKey, PartitionKeySchema } from "../schema/partition.ts";

export const SYNC_TARGETS = ["athena", "trino"] as const;
export type SyncTarget = (typeof SYNC_TARGETS)[number];

const SyncedPartitionShape = v.object({
  ...PartitionKeySchema.entries,
  version: v.number(),
  /** Folder name of its files; empty for the partition's own folder, as in version 0.1.0. */
  place: v.string(),
  files: v.array(v.string()),
  /** Whether all assets that its files refer to were sent. */
  assets: v.boolean(),
});
/** A partition's state after a sync. */
export type SyncedPartition = v.InferOutput<typeof SyncedPartitionShape>;

/** Validated without copying: there may be 100,000. */
const SyncedPartitionSchema = v.custom<SyncedPartition>((value) => v.is(SyncedPartitionShape, value));

/** Unreferenced data that a running query may still read. */
const DeadSchema = v.object({
  /** Below the copy's root, with all its contents. */
  folder: v.string(),
  /** Of a partition table to be dropped with its objects. */
  generation: v.optional(v.number()),
  /** ISO 8601. */
  died_at: v.string(),
});
export type Dead = v.InferOutput<typeof DeadSchema>;

/** `manifest.json` of a copy: the target's state after the last complete sync. Written last. */
export const SyncManifestSchema = v.object({
  format: v.literal(1),
  target: v.picklist(SYNC_TARGETS),
  generation: v.number(),
  synced_at: v.string(),
  /** Columns of the target's table without the partition columns. */
  columns: v.array(ColumnSchema),
  partitions: v.array(SyncedPartitionSchema),
  dead: v.array(DeadSchema),
});
export type SyncManifest = v.InferOutput<typeof SyncManifestSchema>;

/**
 * `unfinished.json` of a copy: written before any change, removed after the manifest. It lists what an
 * interrupted sync had begun, whose state at the target is unknown.
 */
export const UnfinishedSchema = v.object({
  generation: v.number(),
  /** Generations of earlier interrupted syncs, which may have left partition lists. */
  earlier: v.array(v.number()),
  folders: v.array(v.string()),
  keys: v.array(PartitionKeySchema),
  columns: v.boolean(),
});
export type Unfinished = v.InferOutput<typeof UnfinishedSchema>;

/** A partition's column; `isEmpty` if all its values are NULL, `open` if they say no type (schema/open-types.ts). */
export interface LakeColumn extends Column {
  isEmpty: boolean;
  open?: boolean;
}

/** A column to be written in another type. */
export interface CastColumn extends Column {
  /** All its values are NULL: there may be no cast from its own type. */
  isEmpty?: true;
  /** Its own type, where it is written as JSON (query/duckdb/cast.ts). */
  from?: string;
}

/** What a plan needs of a partition. There may be 100,000; equal column lists share one array. */
export interface LakePartition extends PartitionKey {
  base_version: number;
  version: number;
  /** Live files, base first. */
  files: string[];
  columns: readonly LakeColumn[];
  /** Oldest and newest upload that made its rows. */
  first_upload: string;
  last_upload: string;
}
