import type { AppError } from "../errors.ts";
import { comparePartitions, formatPartition, type PartitionKey, pickKey } from "../schema/partition.ts";
import type { PartitionState } from "./partition.ts";
import type { KnownPartition } from "./tables.ts";

/** A partition folder that was looked into. */
export interface Observation {
  key: PartitionKey;
  /** As in `KnownPartition`. */
  folderMtime: string;
  /** Undefined when the folder holds no partition; an error when it cannot be read. */
  found: PartitionState | AppError | undefined;
}

/** Rows to load of one partition. */
export interface Load {
  state: PartitionState;
  folderMtime: string;
  /** First row of the partition that the catalog lacks; 0 = all, those that it holds are deleted. */
  rowStart: number;
}

/** A partition of which the catalog does not hold the newest rows. */
export interface FailedPartition {
  key: PartitionKey;
  error: AppError;
  /** As in `LeftOut`. */
  tried: string;
  /** Not even the rows that the published catalog holds can be kept. */
  isLost?: boolean;
}

/** Virtual columns of DuckDB's Parquet reader. */
export const ROW_NUMBER = "file_row_number";
export const FILE_INDEX = "file_index";

/** What a refresh does. Partitions that are in none of the lists are left alone. */
export interface RefreshPlan {
  loads: Load[];
  /** Only their files changed, not their rows (compaction). */
  describes: { state: PartitionState; folderMtime: string }[];
  removes: PartitionKey[];
  /** Unreadable, or too large: the catalog keeps what it holds of them. */
  failures: FailedPartition[];
  /** Looked into and found as known: only the mtime is new, which is worth no publication. */
  touches: { key: PartitionKey; folderMtime: string }[];
}

/**
 * Which partitions to load, and from which row on, by what the catalog knows and what was found. `present` are all
 * partition folders, `observations` those that were looked into.
 */
export function planRefresh(
  known: readonly KnownPartition[],
  present: readonly PartitionKey[],
  observations: readonly Observation[],
): RefreshPlan {
  const plan: RefreshPlan = { loads: [], describes: [], removes: [], failures: [], touches: [] };
  const knownByName = new Map(known.map((partition) => [formatPartition(partition), partition]));
  const names = new Set(present.map(formatPartition));
  for (const partition of known)
    if (!names.has(formatPartition(partition))) plan.removes.push(pickKey(partition));
  for (const { key, folderMtime, found } of observations) {
    const before = knownByName.get(formatPartition(key));
    if (found instanceof Error) plan.failures.push({ key, error: found, tried: "" });
    else if (found === undefined) {
      if (before) plan.removes.push(key);
    } else if (!before || !continues(before, found))
      plan.loads.push({ state: found, folderMtime, rowStart: 0 });
    else if (found.uploads.length > before.uploads.length) {
      plan.loads.push({
        state: found,
        folderMtime,
        rowStart: canStartAt(found, before.rows) ? before.rows : 0,
      });
    } else if (hasSameFiles(before, found)) plan.touches.push({ key, folderMtime });
    else plan.describes.push({ state: found, folderMtime });
  }
  plan.loads.sort((a, b) => comparePartitions(a.state.key, b.state.key));
  return plan;
}

/** Whether a partition's rows begin with those that the catalog holds: its log begins with the same uploads. */
function continues(before: KnownPartition, found: PartitionState): boolean {
  const { uploads } = found;
  if (before.uploads.length === 0 || before.uploads.length > uploads.length) return false;
  if (!before.uploads.every((id, at) => uploads[at]?.upload_id === id)) return false;
  const logged = uploads.slice(0, before.uploads.length).reduce((sum, entry) => sum + entry.rows, 0);
  return logged === before.rows;
}

/** A file is read from a row on by the engine's `file_row_number`, which a column of that name would hide. */
function canStartAt(state: PartitionState, rowStart: number): boolean {
  let end = 0;
  const within = state.files.find((file) => {
    end += file.rows;
    return end > rowStart;
  });
  const isHidden = within?.columns.some((column) => column.name === ROW_NUMBER) ?? false;
  return !isHidden || end - (within?.rows ?? 0) === rowStart;
}

function hasSameFiles(before: KnownPartition, found: PartitionState): boolean {
  return (
    before.base_version === found.baseVersion &&
    before.version === found.version &&
    before.bytes === found.bytes &&
    before.files.length === found.files.length
  );
}
