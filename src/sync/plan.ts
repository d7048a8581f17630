import type { Column } from "../schema/columns.ts";
import {
  comparePartitions,
  formatPartition,
  PARTITION_COLUMNS,
  type PartitionKey,
} from "../schema/partition.ts";
import { castsOf, copiedColumns, sharedColumns } from "./columns.ts";
import type { Dead, LakePartition, SyncedPartition, SyncManifest, SyncTarget } from "./model.ts";

export interface PlanRequest {
  target: SyncTarget;
  /** The target reads the lake's own files: nothing is copied. */
  shared: boolean;
  /** Of the lake's catalog. */
  generation: number;
  partitions: readonly LakePartition[];
  before: SyncManifest | undefined;
  nowMs: number;
  /** What died is left to running queries for so long. */
  graceMs: number;
}

/** A file on its way to the copy. */
export interface Transfer {
  key: PartitionKey;
  /** Of the lake. */
  file: string;
  /** Below the root of the copy. */
  folder: string;
  /** Columns to be written in another type; the file is copied as it is where there are none. */
  casts: Column[];
}

export interface Placement {
  key: PartitionKey;
  folder: string;
}

/** What a sync does, in this order. */
export interface SyncPlan {
  target: SyncTarget;
  generation: number;
  /** The target is as the lake is: only what died may be left to remove. */
  upToDate: boolean;
  transfers: Transfer[];
  table: {
    columns: Column[];
    /** A column has another type than the table: it is made anew, with all partitions. */
    isNew: boolean;
    addColumns: Column[];
    /** Columns that are not in the table, because their type differs between files that are not written anew. */
    leftOut: string[];
  };
  adds: Placement[];
  /** A new base: the partition is found in another folder from now on. */
  moves: Placement[];
  drops: PartitionKey[];
  /** Partitions as they will be at the target, sorted. */
  partitions: SyncedPartition[];
  /** Nothing refers to these any more, for longer than the grace time. */
  removes: Dead[];
  /** What is dead, and stays for now. */
  dead: Dead[];
}

/** Plans a sync from what the lake holds and what the last one left. Reads nothing. */
export function planSync(request: PlanRequest): SyncPlan {
  const { target, shared, generation, partitions, before, nowMs, graceMs } = request;
  const { columns, leftOut } = shared ? sharedColumns(partitions) : copiedColumns(partitions);
  const known = new Map(before?.partitions.map((partition) => [formatPartition(partition), partition]));
  const change = compareColumns(before?.columns, columns);
  const plan: SyncPlan = {
    target,
    generation,
    upToDate: false,
    transfers: [],
    table: { columns: change.columns, isNew: change.isNew, addColumns: change.added, leftOut },
    adds: [],
    moves: [],
    drops: [],
    partitions: [],
    removes: [],
    dead: [],
  };
  const died: Dead[] = [];
  const diedAt = new Date(nowMs).toISOString();
  for (const partition of [...partitions].sort(comparePartitions)) {
    const name = formatPartition(partition);
    const old = known.get(name);
    known.delete(name);
    const casts = shared ? [] : castsOf(partition, change.columns);
    const folder = shared ? sharedFolder(partition) : copyFolder(partition, casts);
    const place = { key: pickKey(partition), folder };
    const sent = new Set(old?.folder === folder ? old.files.map((file) => file.name) : []);
    if (!shared) {
      for (const file of partition.files) {
        if (!sent.has(file)) plan.transfers.push({ key: place.key, file, folder, casts });
      }
    }
    if (change.isNew || old === undefined) plan.adds.push(place);
    else if (old.folder !== folder) plan.moves.push(place);
    if (old !== undefined && old.folder !== folder) died.push({ prefix: `${old.folder}/`, died_at: diedAt });
    const { uploads: _, ...described } = partition;
    plan.partitions.push({
      ...described,
      folder,
      files: partition.files.map((file) => ({ name: file, bytes: 0 })),
    });
  }
  for (const old of known.values()) {
    if (!change.isNew) plan.drops.push(pickKey(old));
    if (!shared) died.push({ prefix: `${old.folder}/`, died_at: diedAt });
  }
  const changed =
    before === undefined ||
    change.isNew ||
    change.added.length > 0 ||
    plan.drops.length > 0 ||
    plan.partitions.some((partition, at) => !isSame(partition, before.partitions[at]));
  plan.upToDate = !changed;
  if (changed && before !== undefined && before.generation !== generation) {
    died.push({
      prefix: partitionsFolder(before.generation),
      generation: before.generation,
      died_at: diedAt,
    });
  }
  const live = new Set(plan.partitions.map(({ folder }) => `${folder}/`));
  for (const one of [...(before?.dead ?? []), ...(changed ? died : [])]) {
    if (live.has(one.prefix)) continue; // a partition came back to the folder it had
    const isOver = nowMs - Date.parse(one.died_at) >= graceMs;
    (isOver ? plan.removes : plan.dead).push(one);
  }
  return plan;
}

/** Where the list of partitions of one generation lies, below the root of the copy. */
export function partitionsFolder(generation: number): string {
  return `partitions/generation=${generation}/`;
}

function pathOf(key: PartitionKey): string {
  return PARTITION_COLUMNS.map((column) => `${column}=${key[column]}`).join("/");
}

/** In the lake's own tree. */
function sharedFolder(key: PartitionKey): string {
  return pathOf(key);
}

/**
 * A folder for each base, and for each set of types its files are written in: no query ever finds files of two. An append
 * adds a file to it. A partition that was removed and made again counts its versions anew; its first upload tells.
 */
function copyFolder(partition: LakePartition, casts: readonly Column[]): string {
  const mark = Bun.hash(JSON.stringify([partition.uploads[0], casts]))
    .toString(16)
    .padStart(16, "0");
  return `data/${pathOf(partition)}/b${partition.base_version}-${mark}`;
}

/** The table keeps the columns that it has; one of another type makes it another table. */
function compareColumns(
  before: readonly Column[] | undefined,
  wanted: readonly Column[],
): { columns: Column[]; added: Column[]; isNew: boolean } {
  if (before === undefined) return { columns: [...wanted], added: [], isNew: true };
  const types = new Map(before.map(({ name, type }) => [name, type]));
  const isNew = wanted.some(({ name, type }) => types.has(name) && types.get(name) !== type);
  if (isNew) return { columns: [...wanted], added: [], isNew };
  const added = wanted.filter(({ name }) => !types.has(name));
  return { columns: [...before, ...added], added, isNew };
}

function isSame(a: SyncedPartition, b: SyncedPartition | undefined): boolean {
  return (
    b !== undefined &&
    formatPartition(a) === formatPartition(b) &&
    a.folder === b.folder &&
    a.version === b.version &&
    a.files.length === b.files.length
  );
}

function pickKey({ provider, dataset, task, variant }: PartitionKey): PartitionKey {
  return { provider, dataset, task, variant };
}
