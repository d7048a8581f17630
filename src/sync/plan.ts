import type { Column } from "../schema/columns.ts";
import {
  comparePartitions,
  formatPartition,
  PARTITION_COLUMNS,
  type PartitionKey,
  pickKey,
} from "../schema/partition.ts";
import { castsOf, copiedColumns, sharedColumns } from "./columns.ts";
import type {
  CastColumn,
  Dead,
  LakePartition,
  SyncedPartition,
  SyncManifest,
  SyncTarget,
  Unfinished,
} from "./model.ts";

export interface PlanRequest {
  target: SyncTarget;
  /** The target reads the lake's own files through second names; none is rewritten. */
  shared: boolean;
  generation: number;
  partitions: readonly LakePartition[];
  before: SyncManifest | undefined;
  /** What an interrupted sync had begun. */
  unfinished?: Unfinished | undefined;
  assets?: boolean;
  nowMs: number;
  /** How long unreferenced data is kept for running queries. */
  graceMs: number;
}

export interface Transfer {
  partition: LakePartition;
  file: string;
  place: string;
  /** Columns to rewrite to another type; if empty, the file is copied unchanged. */
  casts: readonly CastColumn[];
}

/** A file whose assets are to be sent. */
export interface AssetSource {
  key: PartitionKey;
  file: string;
}

export interface Placement {
  key: PartitionKey;
  place: string;
}

export interface SyncPlan {
  target: SyncTarget;
  generation: number;
  /** The target matches the lake; only removals may be left. */
  upToDate: boolean;
  isManifestNew: boolean;
  transfers: Transfer[];
  /** Files whose assets are not yet at the target, if requested. */
  assetSources: AssetSource[];
  table: {
    columns: Column[];
    /** A column's type differs from the table's: the table is recreated with all partitions. */
    isNew: boolean;
    addColumns: Column[];
    /** Columns left out because their type differs between files that are not rewritten. */
    leftOut: string[];
  };
  adds: Placement[];
  /** Partitions with a new base, hence a new folder. */
  moves: Placement[];
  /** Partitions of unknown state at the target: dropped and added. */
  resets: Placement[];
  drops: PartitionKey[];
  /** Partitions at the target afterwards, sorted. */
  partitions: SyncedPartition[];
  /** Unreferenced for longer than the grace time. */
  removes: Dead[];
  /** Unreferenced, within the grace time. */
  dead: Dead[];
  /** What the next sync must know if this one is interrupted. */
  unfinished: Unfinished;
}

/** Plans a sync from the lake's state and the last manifest. Does no I/O. */
export function planSync(request: PlanRequest): SyncPlan {
  const { target, shared, generation, partitions, before, assets: wantsAssets = false } = request;
  // The manifest is written before the mark is removed: equal generations mean that the sync completed.
  const unfinished = request.unfinished?.generation === before?.generation ? undefined : request.unfinished;
  const { columns, leftOut } = shared ? sharedColumns(partitions) : copiedColumns(partitions);
  const change = compareColumns(unfinished?.columns ? undefined : before?.columns, columns);
  const plan: SyncPlan = {
    target,
    generation,
    upToDate: false,
    isManifestNew: false,
    transfers: [],
    assetSources: [],
    table: { columns: change.columns, isNew: change.isNew, addColumns: change.added, leftOut },
    adds: [],
    moves: [],
    resets: [],
    drops: [],
    partitions: [],
    removes: [],
    dead: [],
    unfinished: {
      generation,
      earlier: [],
      folders: [],
      keys: [],
      columns: change.isNew || change.added.length > 0,
    },
  };
  const types = new Map(change.columns.map(({ name, type }) => [name, type]));
  const known = new Map(before?.partitions.map((partition) => [formatPartition(partition), partition]));
  const unsure = new Map(unfinished?.keys.map((key) => [formatPartition(key), key]));
  const died: string[] = [];
  for (const partition of [...partitions].sort(comparePartitions)) {
    const name = formatPartition(partition);
    const old = known.get(name);
    const isUnsure = unsure.has(name);
    known.delete(name);
    unsure.delete(name);
    const casts = shared ? [] : castsOf(partition, types);
    const place = placeOf(partition, casts);
    const key = pickKey(partition);
    const isMoved = old !== undefined && old.place !== place;
    const sent = isMoved ? [] : (old?.files ?? []);
    const hasAssets = old?.assets ?? false;
    const fresh = partition.files.filter((file) => !sent.includes(file));
    for (const file of fresh) plan.transfers.push({ partition, file, place, casts });
    for (const file of wantsAssets && !shared ? (hasAssets ? fresh : partition.files) : []) {
      plan.assetSources.push({ key, file });
    }
    if (change.isNew) plan.adds.push({ key, place });
    else if (isUnsure) plan.resets.push({ key, place });
    else if (old === undefined) plan.adds.push({ key, place });
    else if (isMoved) plan.moves.push({ key, place });
    if (isMoved && old.place !== "") died.push(folderOf(key, old.place));
    const { version, files } = partition;
    const assets = !shared && (wantsAssets || (hasAssets && fresh.length === 0));
    plan.partitions.push({ ...key, version, place, files, assets });
  }
  for (const old of known.values()) if (old.place !== "") died.push(folderOf(old, old.place));
  if (!change.isNew) plan.drops = [...new Map([...known, ...unsure]).values()].map(pickKey);
  const changed =
    before === undefined ||
    unfinished !== undefined ||
    plan.unfinished.columns ||
    plan.drops.length > 0 ||
    plan.assetSources.length > 0 ||
    plan.partitions.some((partition, at) => !isSame(partition, before.partitions[at]));
  plan.upToDate = !changed;
  plan.generation = changed ? nextGeneration(generation, before, unfinished) : before.generation;
  plan.unfinished.generation = plan.generation;
  plan.unfinished.earlier = unfinished ? [...unfinished.earlier, unfinished.generation] : [];
  scheduleRemoval(plan, changed ? died : [], { ...request, unfinished });
  plan.isManifestNew = changed || plan.removes.length > 0;
  plan.unfinished.keys = [...plan.adds, ...plan.moves, ...plan.resets]
    .map(({ key }) => key)
    .concat(plan.drops);
  const filled = new Set(plan.transfers.map(({ partition, place }) => folderOf(partition, place)));
  plan.unfinished.folders = [...filled.union(new Set(unfinished?.folders))];
  return plan;
}

/**
 * Queries use the highest generation at the target, and a list is never rewritten: the lake's generation, or
 * a higher one if that was used already (catalog recreated, assets sent later).
 */
function nextGeneration(
  generation: number,
  before: SyncManifest | undefined,
  unfinished: Unfinished | undefined,
): number {
  const highest = Math.max(before?.generation ?? 0, unfinished?.generation ?? 0);
  return Math.max(generation, highest + 1);
}

/** Decides for all unreferenced data whether to remove it now or after the grace time. */
function scheduleRemoval(
  plan: SyncPlan,
  died: readonly string[],
  { before, unfinished, nowMs, graceMs }: Pick<PlanRequest, "before" | "unfinished" | "nowMs" | "graceMs">,
): void {
  const diedAt = new Date(nowMs).toISOString();
  const dead = new Map((before?.dead ?? []).map((one) => [one.folder, one]));
  for (const folder of [...died, ...(unfinished?.folders ?? [])]) {
    if (!dead.has(folder)) dead.set(folder, { folder, died_at: diedAt });
  }
  const lists = [before?.generation, ...plan.unfinished.earlier];
  for (const generation of plan.upToDate ? [] : lists) {
    if (generation === undefined || generation === plan.generation) continue;
    const folder = partitionsFolder(generation);
    dead.set(folder, { folder, generation, died_at: diedAt });
  }
  const live = new Set(
    dead.size === 0 ? [] : plan.partitions.map((partition) => folderOf(partition, partition.place)),
  );
  for (const one of dead.values()) {
    if (live.has(one.folder)) continue; // a partition returned to its former folder
    const isOver = nowMs - Date.parse(one.died_at) >= graceMs;
    (isOver ? plan.removes : plan.dead).push(one);
  }
}

/** Folder of a generation's partition list, below the copy's root. */
export function partitionsFolder(generation: number): string {
  return `partitions/generation=${generation}`;
}

/**
 * Folder of a partition's files below the copy's root; an empty place means the lake's own (version 0.1.0).
 */
export function folderOf(key: PartitionKey, place: string): string {
  const path = PARTITION_COLUMNS.map((column) => `${column}=${key[column]}`).join("/");
  return place === "" ? path : `data/${path}/${place}`;
}

/**
 * One place per base and per set of target types, so that a query never finds files of two; appends add files
 * to it. A removed and recreated partition restarts its versions and is told apart by its first upload.
 */
function placeOf(partition: LakePartition, casts: readonly Column[]): string {
  const mark = Bun.hash(JSON.stringify([partition.first_upload, casts]))
    .toString(16)
    .padStart(16, "0");
  return `b${partition.base_version}-${mark}`;
}

/** The table keeps its columns; a changed type requires a new table. */
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
    a.place === b.place &&
    a.version === b.version &&
    a.files.length === b.files.length
  );
}
